"""From a record to rows."""

import hashlib

import numpy as np
import pytest
from pydantic import ValidationError
from record_samples import record

from harness.builtin import STEPS
from harness.devices.measured import unchanged
from harness.devices.params import SummaryParams
from harness.devices.record import dumps
from harness.devices.step import rows, summarise
from harness.errors import HarnessError
from harness.formats import arrays
from harness.stage.checkpoint import Checkpoint
from harness.stage.digest import sha256
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run

LABELS = {"teacher": {"network": "wrn"}, "student": {"network": "small"}}
PARAMS = SummaryParams(labels=LABELS, baseline="teacher", unit="ms")


def run_step(folder, now):
    """Run the step with weights of the bytes `now` and return its rows."""
    weights = folder / "teacher.safetensors"
    weights.write_bytes(b"weights")
    measured = {"teacher": hashlib.sha256(b"weights").hexdigest()}
    weights.write_bytes(now)
    return summary(folder, dumps(record(measured=measured)), teacher=weights)


def summary(folder, content, **measured):
    """Run the step with a record of these bytes, and with what it measured; return its rows."""
    (folder / "0001.json").write_bytes(content)
    outputs = Outputs({"rows": "rows"}, folder / "out", {"rows": "rows.csv"})
    paths = {"record": folder / "0001.json", **measured}
    summarise(
        Inputs({name: {None: path} for name, path in paths.items()}),
        PARAMS,
        outputs,
        Run("nonn", "speed", 0, Checkpoint(None), Progress("speed")),
    )
    return Inputs({"rows": {None: folder / "out/rows/rows.csv"}}).rows("rows")


def test_row_of_a_series():
    """A row holds the labels, the quartiles, the speed-up against the baseline and the device."""
    teacher, student = rows(record(), PARAMS, current=True)

    assert teacher["speed_up"] == 1.0
    assert student == {
        "network": "small",
        "series": "student",
        "unit": "ms",
        "lower_quartile": 10.5,
        "median": 11.0,
        "upper_quartile": 11.5,
        "speed_up": 41 / 11,
        "samples": 3,
        "device": "host",
        "record": "0001",
        "current": True,
        "complete": True,
    }


def test_baseline_of_each_row_by_labels():
    """With labels as the baseline each row is compared with the row that has these, else alike."""
    labels = {
        "teacher": {"layer": "first", "bits": 32},
        "student": {"layer": "first", "bits": 1},
    }
    params = SummaryParams(labels=labels, baseline={"bits": 32}, unit="ms")

    assert [row["speed_up"] for row in rows(record(), params, current=True)] == [1.0, 41 / 11]


def test_baseline_that_no_series_has():
    """Labels that no series has are refused, with the row that would need one."""
    with pytest.raises(ValidationError, match=r"'teacher' is compared with .* there are 0 of them"):
        SummaryParams(labels=LABELS, baseline={"network": "vgg"}, unit="ms")


def test_exported_networks_are_current_while_their_bytes_are(tmp_path):
    """What was measured may be a folder of arrays: one other byte in it, and rows say so."""
    networks = {"teacher": np.zeros(3, np.uint8), "student": np.ones(4, np.uint8)}
    folder = tmp_path / "exported"
    arrays.write_folder(folder, networks, {})
    made = dumps(record(measured={"exported": sha256(folder)}))

    assert [row["current"] for row in summary(tmp_path, made, exported=folder)] == [True, True]
    arrays.write_folder(folder, {**networks, "student": np.zeros(4, np.uint8)}, {})
    assert [row["current"] for row in summary(tmp_path, made, exported=folder)] == [False, False]


def test_exported_networks_are_optional_and_weights_have_any_name():
    """A spec may give the step networks that were exported, or weights under other names."""
    step = STEPS["summarise"]

    assert step.inputs == {"record": "measurement", "exported": "arrays"}
    assert step.optional == {"exported"}
    assert step.more_inputs == "weights"


@pytest.mark.parametrize(("now", "current"), [(b"weights", True), (b"Weights", False)])
def test_other_weights_are_not_current(tmp_path, now, current):
    """Rows say whether what was measured still has the bytes that were measured."""
    assert [current, current] == [row["current"] for row in run_step(tmp_path, now)]


@pytest.mark.parametrize(
    ("measured", "now", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        (None, "a", False),
        ({"0": "a", "1": "b"}, {"0": "a", "1": "b"}, True),
        ({"0": "a"}, {"0": "a", "1": "b"}, True),
        ({"0": "a"}, {"1": "a"}, False),
        ({"0": "a", "1": "b"}, {"0": "a"}, False),
        ({}, {"0": "a"}, False),
        ("a", {"0": "a"}, False),
    ],
)
def test_what_was_measured_is_what_exists(measured, now, same):
    """Every seed that was measured must have its bytes still; a seed more does not matter."""
    assert unchanged(measured, now) is same


def test_series_without_label():
    """A series that the parameters do not name is an error that names both sides."""
    params = SummaryParams(labels={"teacher": {}}, unit="ms")

    with pytest.raises(HarnessError, match="student, teacher; 'labels' has teacher"):
        rows(record(), params, current=True)


def test_unit_of_another_kind():
    """A latency cannot be given in joules."""
    with pytest.raises(HarnessError, match="series teacher: 'ms' cannot be compared"):
        rows(record(), PARAMS.model_copy(update={"unit": "joule"}), current=True)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"labels": {"a": {"x": 1}, "b": {}}}, "same columns"),
        ({"labels": {"a": {"median": 1}}}, "median"),
        ({"labels": {"a": {}}, "baseline": "b"}, "'baseline' is 'b'"),
    ],
)
def test_params_are_checked(changes, word):
    """Labels that would not make a table are refused before anything runs."""
    with pytest.raises(ValidationError, match=word):
        SummaryParams(**{"unit": "ms", **changes})
