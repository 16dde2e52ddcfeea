"""Exported networks on the clock: all of them, as the device says."""

import json
import sys
from functools import cache
from io import StringIO

import keras
import numpy as np
import pytest
from export_samples import NETWORKS, images, network

from harness.errors import HarnessError
from harness.formats import arrays
from harness.spec.device import DeviceSpec
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.shunt import latency
from reproductions.shunt.architecture import describe
from reproductions.shunt.determinism import settle
from reproductions.shunt.export.conversion import to_litert
from reproductions.shunt.export.litert import Litert
from reproductions.shunt.export.parts import exported_part, exported_parts, parts
from reproductions.shunt.latency import measure_latency, measure_parts
from reproductions.shunt.params.latency import LatencyParams, PartsParams
from reproductions.shunt.parts import block_parts, shunts_by_part
from reproductions.shunt.surgery.blocks import blocks

settle()

DEVICE = {"device": "here", "says": "LiteRT", "warm_up": 2, "samples": 5, "tolerance": 0.5}
ON_LITERT = {**DEVICE, "kind": "litert", "threads": 1, "xnnpack": True}
PARTS = PartsParams(network=NETWORKS["mobilenetv3"], architectures=(4,))


def device(**changes):
    """Return a LiteRT device with other values."""
    return DeviceSpec.of({**ON_LITERT, **changes})


def run(where, stage="latency"):
    """Return the run of a stage on a device."""
    return Run("shunt", stage, 0, Checkpoint(None), Progress(stage, StringIO()), where)


def written(step, params, inputs, kind, folder, where=None):
    """Run a step that writes one output and return its path."""
    name, suffix = ("record", ".json") if kind == "measurement" else ("exported", "")
    outputs = Outputs({name: kind}, folder, {name: f"{name}{suffix}"})
    paths = {one: {None: path} for one, path in inputs.items()}
    step(Inputs(paths), params, outputs, run(where))
    outputs.check_complete()
    return folder / name / f"{name}{suffix}"


@cache
def contents():
    """Give the flatbuffers of two networks in two precisions, made once."""
    found = {}
    for name, whole in (("original", network(1)), ("final", network(2))):
        for precision in ("float32", "int8"):
            content = to_litert(whole, precision, images(4))
            found[f"{name}-{precision}"] = np.frombuffer(content, np.uint8)
    return found


def measured(folder, where, exported=None):
    """Return the JSON that the step writes for `exported` on a device."""
    arrays.write_folder(folder / "given", exported or contents(), {})
    given_ = {"exported": folder / "given"}
    path = written(measure_latency, LatencyParams(), given_, "measurement", folder, where)
    return json.loads(path.read_bytes())


def test_every_exported_network_is_a_series(tmp_path):
    """Original and final, in single precision and in 8 bits, have all samples that were asked."""
    found = measured(tmp_path, device())

    assert set(found["series"]) == set(contents())
    assert {len(one["samples"]) for one in found["series"].values()} == {5}
    assert all(sample > 0 for one in found["series"].values() for sample in one["samples"])
    assert found["warm_up"] == 2


@pytest.mark.parametrize(("threads", "xnnpack"), [(1, True), (2, False)])
def test_device_says_threads_and_kernels(tmp_path, monkeypatch, threads, xnnpack):
    """The interpreter of every network has the threads and the kernels of the device."""
    asked = []

    class Watched(Litert):
        def __init__(self, content, threads, *, xnnpack):
            asked.append((threads, xnnpack))
            super().__init__(content, threads, xnnpack=xnnpack)

    monkeypatch.setattr(latency, "Litert", Watched)
    measured(tmp_path, device(threads=threads, xnnpack=xnnpack))

    assert asked == [(threads, xnnpack)] * 4


def test_xnnpack_takes_part_only_where_the_device_says_so():
    """With XNNPACK a delegate runs the convolutions; without, LiteRT's own kernels do."""
    content = contents()["original-float32"].tobytes()
    names = [
        {one["op_name"] for one in Litert(content, xnnpack=xnnpack)._interpreter._get_ops_details()}
        for xnnpack in (True, False)
    ]

    assert "DELEGATE" in names[0]
    assert "DELEGATE" not in names[1]


def test_another_device_is_refused(tmp_path):
    """A device without LiteRT, and no device at all, end the stage with what it needs."""
    host = DeviceSpec.of({**DEVICE, "kind": "host"})

    with pytest.raises(HarnessError, match="its device is 'here' of kind 'host'"):
        measured(tmp_path, host)
    with pytest.raises(
        HarnessError, match="'latency' measures with LiteRT, and its device is none"
    ):
        measured(tmp_path, None)


def test_a_damaged_network_is_named(tmp_path):
    """Bytes that LiteRT cannot run are told with the name of their network."""
    broken = {**contents(), "final-int8": contents()["final-int8"][:100]}

    with pytest.raises(HarnessError, match="'final-int8': LiteRT cannot run these 100 bytes"):
        measured(tmp_path, device(), broken)


def test_a_call_computes_the_network():
    """What is timed is the forward pass: after it the output is that of the image."""
    (image,) = images(1, seed=5)
    runner = Litert(contents()["original-float32"].tobytes())
    wanted = runner(image[None])
    timed = Litert(contents()["original-float32"].tobytes())
    call = timed.prepared(image)
    call()
    call()  # the image is still there

    found = timed._interpreter.get_tensor(timed._output["index"])
    np.testing.assert_array_equal(wanted, found)


def test_parts_are_the_network_its_blocks_and_each_shape_of_shunt():
    """Each block alone has the ends of its description, and each shunt those of its window."""
    whole = describe(PARTS.network)
    found = dict(parts(PARTS, 0))
    shunts = shunts_by_part(whole, PARTS.shunts)

    assert list(found) == ["original", *block_parts(whole), *shunts]
    for name, ordinal in block_parts(whole).items():
        one = whole.blocks[ordinal]
        assert found[name].input_shape[1:] == one.input
        assert found[name].output_shape[1:] == one.output
        assert found[name].count_params() == one.parameters
    for name, ((window, _), *_) in shunts.items():
        assert found[name].input_shape[1:] == whole.blocks[window.first].input
        assert found[name].output_shape[1:] == whole.blocks[window.last].output


def test_a_part_computes_what_it_does_in_the_network():
    """The blocks of a network one after the other, in LiteRT, are its features."""
    found = dict(parts(PARTS, 0))
    whole = found["original"]
    first, second = blocks(whole)[:2]
    ends = keras.Model(whole.inputs, [first.entry, second.exit])
    maps, wanted = map(np.asarray, ends(images(1, whole.input_shape[1:]), training=False))
    for name in ("block-0", "block-1"):
        content = exported_part(found[name], "float32", np.random.default_rng(0))
        maps = Litert(content)(maps)

    np.testing.assert_allclose(maps, wanted, atol=1e-5 * np.abs(wanted).max())


def test_parts_are_exported_and_measured(tmp_path, monkeypatch):
    """The step times every part under the name of its series, on a LiteRT device alone."""
    few = [("original", network(1)), ("block-0", network(2)), ("shunt-4-2x2x8-1x1x8", network(3))]
    monkeypatch.setattr(sys.modules[exported_parts.__module__], "parts", lambda *_: iter(few))
    path = written(measure_parts, PARTS, {}, "measurement", tmp_path, device())
    found = json.loads(path.read_text())

    assert set(found["series"]) == {name for name, _ in few}
    assert {len(one["samples"]) for one in found["series"].values()} == {5}
    with pytest.raises(HarnessError, match="its device is none"):
        written(measure_parts, PARTS, {}, "measurement", tmp_path, None)
