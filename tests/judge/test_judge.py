"""What a rerun came to, by the class of equality of the environments."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.formats import rows
from harness.judge import StageOutcome, judge_rerun, table_difference
from harness.stage.filerecord import FileRecord
from harness.stage.manifest import Entry
from harness.stage.planned import Artifact, PlannedEnvironment, PlannedStage

BYTES = PlannedEnvironment("torch", "environments/torch.txt", "3.11", "bytes")
FINGERPRINT = PlannedEnvironment(
    "tensorflow", "environments/tensorflow.txt", "3.11", "fingerprint", 1e-5
)
TABLE = "results/smoke/paper/accuracy.csv"
ROW = {"network": "wrn", "images": 360, "accuracy": 0.875, "whole": True, "note": None}
OTHER_CPU = "within tolerance, other CPU"


def planned(stage, environment, *reads, device=None):
    """Return a stage that reads the outputs of other stages."""
    return PlannedStage(
        profile="smoke", paper="paper", stage=stage, step="paper.step", run="m:f",
        environment=environment, params={}, device=device,
        inputs={name: Artifact("weights", f"artifacts/{name}") for name in reads},
        outputs={"out": Artifact("weights", f"artifacts/{stage}")},
        writers={name: f"paper-{name}" for name in reads},
    )  # fmt: skip


def entry(content, *, cpu="one", key="key", path="artifacts/out"):
    """Return what the manifest says of one file."""
    return Entry("environment", cpu, key, {path: FileRecord(1, content, content)})


def judged(tmp_path, plans, before, after):
    """Return the outcome of every stage, by its name."""
    old = {f"paper-{name}": one for name, one in before.items()}
    new = {f"paper-{name}": one for name, one in after.items()}
    found = judge_rerun(plans, old, new, tmp_path / "kept", tmp_path / "now")
    assert [one.address for one in found] == [plan.address for plan in plans]
    return {one.address.partition("/")[2]: one for one in found}


def outcome(tmp_path, environment, before, after, **more):
    """Return what became of a single stage."""
    found = judged(tmp_path, [planned("a", environment, **more)], {"a": before}, {"a": after})
    return found["a"].outcome


def write_tables(tmp_path, before, after):
    """Write a table as it was and as it is."""
    for folder, row in (("kept", before), ("now", after)):
        rows.write(tmp_path / folder / TABLE, [row])


@pytest.mark.parametrize("environment", [BYTES, FINGERPRINT])
@pytest.mark.parametrize("cpu", ["one", "other"])
def test_equal_bytes_are_exact(tmp_path, environment, cpu):
    """Equal bytes are exact on any CPU and in any class, also when their recipe changed."""
    assert outcome(tmp_path, environment, entry("x"), entry("x", cpu=cpu)) == "exact"
    assert outcome(tmp_path, environment, entry("x"), entry("x", cpu=cpu, key="new")) == "exact"


@pytest.mark.parametrize("cpu", ["one", "other"])
def test_class_bytes_is_different_on_any_cpu(tmp_path, cpu):
    """Other bytes of class `bytes` are different, whatever the CPU."""
    assert outcome(tmp_path, BYTES, entry("x"), entry("y", cpu=cpu)) == "different"


def test_class_fingerprint_is_different_on_an_equal_cpu(tmp_path):
    """Other bytes of class `fingerprint` are different on a CPU with the same fingerprint."""
    write_tables(tmp_path, ROW, ROW)

    assert outcome(tmp_path, FINGERPRINT, entry("x"), entry("y")) == "different"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"accuracy": 0.875 * (1 + 0.9e-5)}, OTHER_CPU),
        ({"accuracy": 0.875 * (1 - 0.9e-5)}, OTHER_CPU),
        ({"accuracy": 0.875 * (1 + 1.1e-5)}, "different"),
        ({"accuracy": 0.0}, "different"),
        ({"accuracy": -0.875}, "different"),
        ({"accuracy": None}, "different"),
        ({"accuracy": "0.875 or so"}, "different"),
        ({"accuracy": math.inf}, "different"),
        ({"images": 361}, "different"),
        ({"network": "vgg"}, "different"),
        ({"whole": False}, "different"),
        ({"whole": 1}, "different"),
        ({"more": 1}, "different"),
    ],
)
def test_class_fingerprint_on_another_cpu_is_judged_by_its_tables(tmp_path, change, expected):
    """On another CPU numbers may differ by the tolerance, and nothing else may differ."""
    write_tables(tmp_path, ROW, {**ROW, **change})
    before, after = entry("x", path=TABLE), entry("y", path=TABLE, cpu="other")

    assert outcome(tmp_path, FINGERPRINT, before, after) == expected


def test_weights_may_differ_on_another_cpu(tmp_path):
    """What is no table is not compared on another CPU: its tables are."""
    assert outcome(tmp_path, FINGERPRINT, entry("x"), entry("y", cpu="other")) == OTHER_CPU


FILES = {TABLE: FileRecord(1, "x", "x")}


@pytest.mark.parametrize(("before", "after"), [({}, FILES), (FILES, {})])
def test_file_that_comes_or_goes_is_different_on_any_cpu(tmp_path, before, after):
    """No tolerance covers a file that is missing, or was not there before."""
    old, new = Entry("e", "one", "key", before), Entry("e", "other", "key", after)

    assert outcome(tmp_path, FINGERPRINT, old, new) == "different"


def test_tolerance_reaches_the_stages_downstream(tmp_path):
    """A table of class `bytes` that was made from such weights is judged with their tolerance."""
    plans = [
        planned("train", FINGERPRINT),
        planned("score", BYTES, "train"),
        planned("table", BYTES, "score"),
        planned("other", BYTES),
    ]
    before = {plan.stage: entry("x") for plan in plans} | {"table": entry("x", path=TABLE)}
    after = {name: entry("y", cpu="other") for name in before} | {"table": entry("y", path=TABLE)}
    write_tables(tmp_path, ROW, {**ROW, "accuracy": 0.875 * (1 + 1e-6)})

    found = judged(tmp_path, plans, before, after)

    assert {name: one.outcome for name, one in found.items()} == {
        "train": OTHER_CPU,
        "score": OTHER_CPU,
        "table": OTHER_CPU,
        "other": "different",
    }
    assert found["table"].reason == "tolerance 1e-05"


def test_reason_names_the_cell(tmp_path):
    """A table outside the tolerance is told with its file, row, column and both values."""
    write_tables(tmp_path, ROW, {**ROW, "accuracy": 0.8})
    before, after = entry("x", path=TABLE), entry("y", path=TABLE, cpu="other")

    found = judged(tmp_path, [planned("a", FINGERPRINT)], {"a": before}, {"a": after})

    reason = f"{TABLE}: row 1, accuracy: 0.8 instead of 0.875"
    assert found["a"] == StageOutcome("paper/a", "different", reason)


@pytest.mark.parametrize("environment", [BYTES, FINGERPRINT])
@pytest.mark.parametrize("cpu", ["one", "other"])
def test_changed_recipe_is_no_difference(tmp_path, environment, cpu):
    """Other bytes from another spec, code or lock are `changed`, on an equal CPU and on another."""
    after = entry("y", cpu=cpu, key="new")

    assert outcome(tmp_path, environment, entry("x"), after) == "changed"


@pytest.mark.parametrize("cpu", ["one", "other"])
def test_change_reaches_the_stages_downstream(tmp_path, cpu):
    """What is made from something changed is changed, and nothing else is."""
    plans = [planned("train", FINGERPRINT), planned("score", BYTES, "train"), planned("b", BYTES)]
    before = {plan.stage: entry("x") for plan in plans}
    after = {plan.stage: entry("y", cpu=cpu) for plan in plans}
    after["train"] = entry("y", cpu=cpu, key="new")

    found = judged(tmp_path, plans, before, after)

    assert [one.outcome for one in found.values()] == ["changed", "changed", "different"]


def test_new_measurement_is_a_change(tmp_path):
    """A new record, and the table that is made from it, are changed and not different."""
    plans = [planned("speed", BYTES, device="host"), planned("table", BYTES, "speed")]
    before = {"speed": entry("x", key="recorded"), "table": entry("x")}
    after = {"speed": entry("y", key="recorded"), "table": entry("y")}

    found = judged(tmp_path, plans, before, after)

    assert [one.outcome for one in found.values()] == ["changed", "changed"]


def test_missing_stage_is_different_and_an_unknown_one_new(tmp_path):
    """A stage without an entry did not end well; one that had none before is new."""
    plans = [planned("gone", BYTES), planned("fresh", BYTES), planned("neither", FINGERPRINT)]

    found = judged(tmp_path, plans, {"gone": entry("x")}, {"fresh": entry("x")})

    assert [one.outcome for one in found.values()] == ["different", "new", "different"]
    assert found["gone"].reason == "it did not end well"


@given(
    value=st.floats(1e-3, 1e6) | st.floats(-1e6, -1e-3),
    tolerance=st.floats(1e-9, 1e-2),
    share=st.floats(-0.99, 0.99),
)
def test_tolerance_is_relative_and_two_sided(tmp_path_factory, value, tolerance, share):
    """A number within the relative tolerance is close, one at twice the tolerance is not."""
    old, near, far = (tmp_path_factory.getbasetemp() / f"{name}.csv" for name in "abc")
    rows.write(old, [{"x": value}])
    rows.write(near, [{"x": value * (1 + share * tolerance)}])
    rows.write(far, [{"x": value * (1 + math.copysign(2.1, share) * tolerance)}])

    assert table_difference(old, near, tolerance) == ""
    assert table_difference(old, far, tolerance) != ""


@given(
    st.lists(
        st.tuples(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab")
        ),
        min_size=1,
        max_size=4,
    ),
    st.floats(1e-12, 1.0),
)
def test_table_is_close_to_itself_and_to_no_longer_one(tmp_path_factory, cells, tolerance):
    """Any table is close to itself; a row more or less is told with the number of rows."""
    one, longer = (tmp_path_factory.getbasetemp() / name for name in ("one.csv", "longer.csv"))
    table = [{"key": number, "x": cell} for number, (cell,) in enumerate(cells)]
    rows.write(one, table)
    rows.write(longer, [*table, table[0]])

    assert table_difference(one, one, tolerance) == ""
    assert f"{len(table)} rows instead of {len(table) + 1}" in table_difference(
        longer, one, tolerance
    )
