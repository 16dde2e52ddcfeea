"""What a step reads and writes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.formats import rows
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT


@pytest.fixture
def outputs(tmp_path):
    """Give the outputs of a step that writes one of each common kind."""
    kinds = {"images": "arrays", "weights": "weights", "scores": "rows", "facts": "record"}
    names = {"images": "images", "weights": "weights.safetensors", "scores": "scores.csv",
             "facts": "facts.json"}  # fmt: skip
    return Outputs(kinds, tmp_path, names)


def test_what_is_written_is_read_back(outputs, tmp_path):
    """Arrays, weights, rows and records come back as they were written."""
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    outputs.arrays("images", {"train": pixels}, {"classes": 3})
    outputs.weights("weights", {"w": np.array([0.1], dtype=np.float32)})
    outputs.rows("scores", [{"name": "a", "accuracy": 0.5, "n": 3, "ok": True, "no": None}])
    outputs.record("facts", {"a": [1, 2.5]})
    outputs.check_complete()
    inputs = Inputs({name: {None: tmp_path / name / file} for name, file in outputs.names.items()})

    assert np.array_equal(inputs.arrays("images")["train"], pixels)
    assert inputs.about("images") == {"classes": 3}
    assert inputs.weights("weights")["w"].dtype == np.float32
    assert inputs.rows("scores") == [{"name": "a", "accuracy": 0.5, "n": 3, "ok": True, "no": None}]
    assert inputs.record("facts") == {"a": [1, 2.5]}


def test_unwritten_output_is_named(outputs):
    """A step that forgets an output is refused by the output's name."""
    outputs.rows("scores", [])

    with pytest.raises(HarnessError, match="without writing facts, images, weights"):
        outputs.check_complete()


def test_wrong_kind_is_refused(outputs):
    """An output cannot be written as another kind than the step declares."""
    with pytest.raises(HarnessError, match="not a declared output of kind"):
        outputs.rows("facts", [])


def test_rows_of_several_seeds_get_a_seed_column(tmp_path):
    """Rows of a stage that ran per seed are joined in the order of the seeds."""
    for seed in (2, 0):
        rows.write(tmp_path / f"seed-{seed}.csv", [{"x": seed * 10}])
    inputs = Inputs({"s": {seed: tmp_path / f"seed-{seed}.csv" for seed in (2, 0)}})

    assert inputs.rows("s") == [{"seed": 0, "x": 0}, {"seed": 2, "x": 20}]
    with pytest.raises(HarnessError, match="exists for seeds"):
        inputs.path("s")


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": st.integers()}), min_size=1, max_size=4))
def test_rows_keep_their_numbers(tmp_path_factory, values):
    """Integers and floats survive a CSV file exactly; two writings give the same bytes."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    rows.write(path, values)
    found = rows.read(path)

    assert path.read_text() == rows.dumps(values)
    assert [row["b"] for row in found] == [row["b"] for row in values]
    for row, read in zip(values, found, strict=True):
        if isinstance(row["a"], float):
            assert read["a"] == row["a"]


@pytest.mark.parametrize("cell", ["007", "1_0", " 1", "nan", "inf", "+1", "1.", ".5", "0x10"])
def test_what_only_looks_like_a_number_stays_text(tmp_path, cell):
    """A cell that we would never write as a number is read as text."""
    path = tmp_path / "rows.csv"
    path.write_text(f"x\n{cell}\n")

    assert rows.read(path) == [{"x": cell}]
