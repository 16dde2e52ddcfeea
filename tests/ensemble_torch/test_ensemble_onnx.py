"""Tests of the conversion to ONNX, by ONNX Runtime, and of the step that converts."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from ensemble_twin_samples import WIDTHS, images_of, source_of, values_of

from harness.errors import HarnessError
from harness.formats import arrays, jsonfile, rows
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from reproductions.ensemble_kd.leaving import command, params_file
from reproductions.ensemble_kd.leaving.checking import (
    check_runtime,
    onnx_answers,
    runtime_answers,
    torch_answers,
)
from reproductions.ensemble_kd.leaving.convert_step import convert
from reproductions.ensemble_kd.leaving.graph import Graph
from reproductions.ensemble_kd.leaving.onnx_quantisers import round_half_away
from reproductions.ensemble_kd.leaving.to_onnx import to_onnx
from reproductions.ensemble_kd.params.convert import ConvertParams
from reproductions.ensemble_kd.params.quantisation import PUBLISHED, Quantisation

SMALL = {"width": 0.125, "image_size": 8, "image_channels": 1}
KINDS = {
    "corrected": ({}, Quantisation()),
    "published": ({}, Quantisation(**PUBLISHED)),
    "pact": ({"add_activation": "prelu"}, Quantisation(activations="pact")),
    "dorefa": ({"add_activation": "elu"}, Quantisation(activations="dorefa")),
    "signs": ({"add_activation": "relu"}, Quantisation(one_bit_activations="det_sign")),
    "leaky": ({}, Quantisation(activations="leaky_clip", full_weights=True)),
    "clip": ({"image_size": 64, "stem": "imagenet"}, Quantisation(identity_clip=True)),
    "xnor": ({"image_size": 64, "stem": "grouped_stem"}, Quantisation(scaling="xnor")),
    "binet": (
        {"shortcut_full_precision": False, "shortcut_pool": False, "shortcut_groups": 2},
        Quantisation(scaling="binet"),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_onnx_answers_as_pytorch_does(kind):
    """Every kind of ensemble gives the same logits at every width, up to codes on a border."""
    network, quantisation = KINDS[kind]
    source = source_of(WIDTHS, quantisation, **network)
    values, images = values_of(source), images_of(source, 20)
    wanted = torch_answers(values, source, images)

    for member in source.members:
        model, expected = to_onnx(values, source, member), wanted[member.bits]
        for found in (runtime_answers(model, images), onnx_answers(model, images)):
            apart = np.abs(found - expected).max(1) / np.abs(expected).max()
            assert np.median(apart) < 2e-6
            assert (found.argmax(1) == expected.argmax(1)).mean() >= 0.9


def test_a_model_that_answers_otherwise_in_onnx_runtime_is_refused():
    """Other classes than those that were expected stop the conversion, and name the model."""
    source = source_of(WIDTHS)
    values, images = values_of(source), images_of(source, 20)
    model = to_onnx(values, source, source.members[0])

    with pytest.raises(HarnessError, match=r"bits32: ONNX Runtime gives .* another class"):
        check_runtime(model, images, -onnx_answers(model, images), "bits32")


def test_rounding_is_exact_at_the_borders():
    """Halves go up, and the numbers next to a half where they belong."""
    graph = Graph()
    graph.node("Identity", round_half_away(graph, "x"), name="y")
    model = graph.model(("x", ("n",)), ("y", ("n",)))
    halves = np.arange(0, 255, dtype=np.float32) + np.float32(0.5)
    x = np.concatenate([halves, np.nextafter(halves, 0), np.nextafter(halves, 256)])

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x})

    whole = np.arange(0, 255)
    np.testing.assert_array_equal(found, np.concatenate([whole + 1, whole, whole + 1]))


def test_quantised_weights_take_one_byte_each():
    """A model holds codes of one byte, so that it is about a quarter of the float model."""
    source = source_of((32, 4))
    wide, narrow = (to_onnx(values_of(source), source, member) for member in source.members)

    weights = [one for one in onnx.load_from_string(narrow).graph.initializer if len(one.dims) == 4]
    codes = [one for one in weights if one.data_type == onnx.TensorProto.UINT8]
    assert len(codes) == len(source.description.quantised)
    assert len(narrow) < 0.4 * len(wide)


SCRIPT = """
import sys
from hashlib import sha256
from ensemble_twin_samples import source_of, values_of
from reproductions.ensemble_kd.leaving.to_onnx import to_onnx
source = source_of((8, 1))
for member in source.members:
    print(sha256(to_onnx(values_of(source), source, member)).hexdigest())
"""


def test_models_are_canonical():
    """Two processes, with other hashes of Python, write the same bytes as this one."""
    source = source_of((8, 1))
    wanted = [
        hashlib.sha256(to_onnx(values_of(source), source, member)).hexdigest()
        for member in source.members
    ]
    here = str(Path(__file__).parent)
    for seed in ("1", "2"):
        path = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
        variables = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=variables, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.stdout.split() == wanted


def test_the_command_writes_a_model_for_each_width(tmp_path, capsys):
    """The command writes the models that the function gives, into a folder."""
    source = source_of((4, 1))
    values = values_of(source)
    file, network, out = tmp_path / "in.params", tmp_path / "network.json", tmp_path / "out"
    params_file.write(file, values)
    jsonfile.write(network, {"network": SMALL, "widths": [4, 1]})

    status = command.main([str(file), "--network", str(network), "--to", "onnx", "--out", str(out)])

    assert status == 0
    assert capsys.readouterr().out.split() == [str(out / "bits4.onnx"), str(out / "bits1.onnx")]
    for member in source.members:
        content = (out / f"bits{member.bits}.onnx").read_bytes()
        assert content == to_onnx(values, source, member)


class Still:
    """A run that tells nobody of its progress."""

    def progress(self, done, total, note):
        """Say nothing."""


def stage(folder, wanted):
    """Run the step on the sample with the answers `wanted`; return the folder of its outputs."""
    source = source_of((4, 1))
    arrays.write_weights(folder / "values.safetensors", values_of(source))
    arrays.write_folder(folder / "answers", wanted, {})
    inputs = Inputs(
        {"values": {3: folder / "values.safetensors"}, "answers": {3: folder / "answers"}}
    )
    kinds = {"torch": "weights", "onnx": "arrays", "rows": "rows"}
    names = {"torch": "torch.safetensors", "onnx": "onnx", "rows": "rows.csv"}
    params = ConvertParams(network=source.description.network, widths=(4, 1))
    convert(inputs, params, Outputs(kinds, folder, names), Still())
    return folder


def test_the_step_converts_and_compares(tmp_path):
    """The step writes the state dict, models, and a row for each width and target."""
    source = source_of((4, 1))
    images, values = images_of(source, 12), values_of(source)
    answers = torch_answers(values, source, images)
    changed = answers[1].copy()
    changed[0, 0] += 1000
    doubled = torch_answers(values, source, images, double=True)
    wanted = {f"bits{bits}_double": logits for bits, logits in doubled.items()}
    stage(tmp_path, {"images": images, "bits4": answers[4], "bits1": changed, **wanted})

    state = arrays.read_weights(tmp_path / "torch" / "torch.safetensors")
    models = arrays.read_folder(tmp_path / "onnx" / "onnx")
    table = rows.read(tmp_path / "rows" / "rows.csv")
    assert state.keys() == values.keys()
    for member in source.members:
        assert models[f"bits{member.bits}"].tobytes() == to_onnx(values, source, member)
    assert [(row["bits"], row["target"]) for row in table] == [
        (bits, target) for bits in (4, 1) for target in ("torch", "torch-double", "onnx")
    ]  # fmt: skip
    assert table[0] == {
        "bits": 4, "target": "torch", "largest_difference": 0.0, "images_beyond": 0,
        "same_class": 100.0,
    }  # fmt: skip
    assert [row["largest_difference"] for row in table if row["target"] == "torch-double"] == [0, 0]
    assert table[3]["images_beyond"] == 1
    assert table[3]["largest_difference"] == pytest.approx(1000)


def test_answers_without_a_width_are_refused(tmp_path):
    """The error names what MXNet's answers lack, and what they have."""
    images = images_of(source_of((4, 1)))

    with pytest.raises(HarnessError, match=r"no 'bits1'; they have bits4, images"):
        stage(tmp_path, {"images": images, "bits4": np.zeros((6, 10), np.float32)})


def test_a_narrow_member_may_be_converted_alone():
    """A file with one member's values and the shared ones is enough for that member."""
    source = source_of((4, 1))
    values, alone = values_of(source), source_of((1,))
    part = {name: value for name, value in values.items() if not name.startswith("bits4.")}

    assert replace(alone, place=source.place).members == source.members[1:]
    assert to_onnx(part, alone, alone.members[0]) == to_onnx(values, source, source.members[1])
