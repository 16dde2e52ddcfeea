"""Tests of the way out of MXNet that need no framework: names, PyTorch's values, the command."""

import json

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.formats.arrays import read_weights
from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.leaving import command, params_file
from reproductions.ensemble_kd.leaving.names import canonical, check_names
from reproductions.ensemble_kd.leaving.source import Source
from reproductions.ensemble_kd.leaving.to_torch import to_torch
from reproductions.ensemble_kd.params.convert import ConvertParams

ASKED = {
    "network": {"width": 0.125, "image_size": 8, "image_channels": 1},
    "widths": [32, 4, 1],
}


@pytest.fixture
def source():
    """Return a small ensemble whose values are from "here"."""
    return Source.of(ConvertParams.model_validate_json(json.dumps(ASKED)), "here")


@pytest.fixture
def values(source):
    """Return values of that ensemble."""
    widths = [member.bits for member in source.members]
    random = np.random.default_rng(1)
    return initial_values(source.description, widths, source.members, random)


@pytest.fixture
def network(tmp_path):
    """Return the file that describes the ensemble to the command."""
    path = tmp_path / "network.json"
    path.write_text(json.dumps(ASKED), encoding="utf-8")
    return path


def to_safetensors(file, network, out):
    """Run the command and return its status."""
    return command.main([str(file), "--network", str(network), "--to", "torch", "--out", str(out)])


def test_prefixes_of_an_export_are_taken_off(tmp_path):
    """Names with and without MXNet's prefixes give the same canonical names."""
    found = canonical({"arg:a.gamma": 1, "aux:a.mean": 2, "b.weight": 3}, tmp_path)

    assert found == {"a.gamma": 1, "a.mean": 2, "b.weight": 3}


def test_a_name_with_two_prefixes_is_refused(tmp_path):
    """One value under two prefixes is an error that names it."""
    with pytest.raises(HarnessError, match=r"'w' is there twice"):
        canonical({"arg:w": 1, "aux:w": 2}, tmp_path)


def test_all_that_does_not_fit_is_listed():
    """The error lists what is missing, left over and of another shape, and says where."""
    values = {"a": np.zeros(2), "left": np.zeros(1)}

    with pytest.raises(HarnessError) as caught:
        check_names(values, {"a": (3,), "gone": (1,), "lost": (1,)}, "that.params")

    assert "that.params" in caught.value.message
    assert "missing: gone, lost" in caught.value.message
    assert "left over: left" in caught.value.message
    assert "a (2,) instead of (3,)" in caught.value.message


def test_long_lists_are_cut():
    """Of many names a dozen is shown, and the number of the others."""
    with pytest.raises(HarnessError, match="n11 and 8 more"):
        check_names({}, {f"n{place:02}": (1,) for place in range(20)}, "here")


def test_the_state_dict_has_every_value(source, values):
    """PyTorch's state dict has the canonical names and the same bytes."""
    state = to_torch(values, source)

    assert state.keys() == values.keys()
    assert all(state[name].tobytes() == values[name].tobytes() for name in values)


@pytest.mark.parametrize("prefix", ["", "arg:"])
def test_the_command_converts_to_safetensors(tmp_path, network, values, prefix, capsys):
    """The command turns a file of MXNet into one of safetensors, without MXNet or PyTorch."""
    file, out = tmp_path / "in.params", tmp_path / "out.safetensors"
    params_file.write(file, {prefix + name: value for name, value in values.items()})

    status = to_safetensors(file, network, out)

    assert status == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert read_weights(out).keys() == values.keys()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"widths": [32, 9]}, "it cannot have 9"),
        ({"widths": [4, 4]}, "two members have 4 bits"),
        ({"network": {"classes": 11}}, "of another shape"),
        ({"widths": [32, 4]}, "left over: bits1."),
        ({"widths": [32, 8, 4, 1]}, "missing: bits8."),
        ({"strange": 1}, "strange"),
    ],
)
def test_the_command_says_what_does_not_fit(tmp_path, network, values, change, said, capsys):
    """What is wrong with the description, or the values for it, is said; nothing is written."""
    file, out = tmp_path / "in.params", tmp_path / "out.safetensors"
    params_file.write(file, values)
    other = {**ASKED, **change, "network": {**ASKED["network"], **change.get("network", {})}}
    network.write_text(json.dumps(other), encoding="utf-8")

    status = to_safetensors(file, network, out)

    assert status == 1
    assert said in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("content", ["", "[]", '{"widths": [8], "widths": [4]}', "{", "[" * 10_000])
def test_the_command_refuses_what_is_no_description(tmp_path, network, values, content, capsys):
    """A description that is damaged is an error that names the file."""
    file = tmp_path / "in.params"
    params_file.write(file, values)
    network.write_text(content, encoding="utf-8")

    status = to_safetensors(file, network, tmp_path / "out")

    assert status == 1
    assert "network.json" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(tmp_path, network, values, capsys):
    """Where the result cannot be written, the error says so."""
    file = tmp_path / "in.params"
    params_file.write(file, values)
    out = file / "inside.safetensors"

    status = to_safetensors(file, network, out)

    assert status == 1
    assert "inside.safetensors" in capsys.readouterr().err
