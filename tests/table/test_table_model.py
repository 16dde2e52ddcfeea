"""The one model of a table."""

import math
import statistics
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_samples import COLUMNS, row, table

from harness.errors import HarnessError
from harness.table.average import mean, sample_deviation
from harness.table.csv import cells
from harness.table.model import content, headings, rounded, text

NUMBERS = st.floats(-1e6, 1e6) | st.integers(-(10**9), 10**9)


def made(spec, *rows):
    """The rows of the content as dictionaries of text."""
    return cells(content("compression", spec, rows))


def refused(spec, *rows):
    """What is said about rows that make no table."""
    with pytest.raises(HarnessError) as caught:
        content("compression", spec, rows)
    return caught.value.message


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (2.675, 2, "2.68"),
        (2.665, 2, "2.66"),
        (0.5, 0, "0"),
        (1.5, 0, "2"),
        (1.005, 2, "1.00"),
        (1.015, 2, "1.02"),
        (-0.004, 2, "0.00"),
        (-0.0, 1, "0.0"),
        (5, 2, "5.00"),
        (1e22, 1, "10000000000000000000000.0"),
        (5e-324, 12, "0.000000000000"),
        (1.7976931348623157e308, 2, "17976931348623157" + "0" * 292 + ".00"),
        (0.1, None, "0.1"),
        (12345678901234567890, None, "12345678901234567890"),
        (True, 2, "true"),
        ("1.005", 2, "1.005"),
        (None, 2, ""),
    ],
)
def test_rounding(value, digits, expected):
    """A number is rounded half to even from the digits that it shows."""
    assert text(rounded(value, digits)) == expected


@given(NUMBERS, st.integers(0, 12))
def test_rounding_is_near_and_stable(value, digits):
    """Rounding moves a number by half a unit of the last place at most, and once only."""
    once = rounded(value, digits)
    assert isinstance(once, Decimal)

    assert abs(once - Decimal(repr(value))) <= Decimal(1).scaleb(-digits) / 2
    assert text(once) == text(once.quantize(Decimal(1).scaleb(-digits)))
    assert "E" not in text(once)


def test_rows_follow_declared_values_then_first_appearance():
    """A key column with `values` orders by them, another one by what appears first."""
    rows = [row("wrn", 2), row("vgg", 4), row("vgg", 8), row("wrn", 8)]

    keys = [(one["network"], one["students"]) for one in made(table(), *rows)]

    assert keys == [("wrn", "8"), ("wrn", "2"), ("vgg", "8"), ("vgg", "4")]


def test_cells_are_rounded_and_extra_columns_stay_out():
    """A table shows its own columns, rounded as they declare."""
    (one,) = made(table(), row(accuracy=91.235, extra="no"))

    assert one == {"network": "wrn", "students": "2", "accuracy": "91.24", "parameters": "1000"}


def test_table_without_rows():
    """A table without rows is an empty one and no fault."""
    assert made(table()) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_refused(value):
    """NaN and infinities are refused by column and row."""
    said = refused(table(), row(), row("vgg", accuracy=value))

    assert (
        said == f"table 'compression', row 2: column 'accuracy' holds {value}, which is no number"
    )


@pytest.mark.parametrize("students", [3, None, True, "2"])
def test_key_outside_declared_values(students):
    """A key must be one of the declared values, which are named."""
    assert f"'students' holds {students!r}; allowed: 8, 2, 4" in refused(
        table(), row(students=students)
    )


def test_missing_columns_are_told_at_once():
    """Every missing column of every row is named."""
    said = refused(table(), {"network": "wrn", "students": 2}, {**row()} | {}, {"students": 4})

    assert said.count("there is no column") == 5


def test_same_key_twice():
    """Two rows with one key are refused and the key is named."""
    assert "2 rows have the key wrn, 2" in refused(table(), row(), row(accuracy=1.0))


def test_same_seed_twice():
    """Averaging over seeds counts each seed once."""
    spec = table(over_seeds=("accuracy",))

    assert "seeds [1, 1]" in refused(spec, row(seed=1), row(seed=1))


def test_added_column_is_not_hidden():
    """A declared column that averaging would add as well is refused."""
    columns = {**COLUMNS, "accuracy_std": {"heading": "Mine"}}
    spec = table(columns, over_seeds=("accuracy",))

    assert "accuracy_std" in refused(spec, row(accuracy_std=1, seed=0))


def test_average_over_seeds():
    """Averaged columns show mean, sample deviation and the number of seeds."""
    spec = table(over_seeds=("accuracy",))
    rows = [row(seed=seed, accuracy=value) for seed, value in enumerate((90.0, 91.0, 93.0))]

    (one,) = made(spec, *rows)

    assert (one["accuracy"], one["accuracy_std"], one["seeds"]) == ("91.33", "1.53", "3")
    assert [head.name for head in headings(spec)] == list(one)


def test_a_column_that_is_empty_for_every_seed_stays_empty():
    """Where no seed has a number there is no mean and no deviation, and the other columns stay."""
    columns = {**COLUMNS, "score": {"heading": "Score", "digits": 2}}
    spec = table(columns, over_seeds=("accuracy", "score"))
    rows = [row(seed=seed, accuracy=90.0 + seed, score=None) for seed in (0, 1)]

    (one,) = made(spec, *rows)

    assert (one["score"], one["score_std"], one["seeds"]) == ("", "", "2")
    assert one["accuracy"] == "90.50"


@pytest.mark.parametrize("scores", [(None, 90.0), (90.0, None), (None, "90")])
def test_a_column_that_is_empty_for_some_seeds_is_refused(scores):
    """A mean of the seeds that happen to have a number would not be one over the seeds."""
    columns = {**COLUMNS, "score": {"heading": "Score"}}
    rows = [row(seed=seed, score=score) for seed, score in enumerate(scores)]

    assert "column 'score' holds" in refused(table(columns, over_seeds=("score",)), *rows)


def test_one_seed_has_no_deviation():
    """The deviation of one seed is an empty cell, not zero."""
    (one,) = made(table(over_seeds=("accuracy",)), row(seed=0))

    assert (one["accuracy_std"], one["seeds"]) == ("", "1")


def test_what_must_not_vary():
    """A column that is not averaged has one value for all seeds."""
    spec = table(over_seeds=("accuracy",))

    said = refused(spec, row(seed=0), row(seed=1, parameters=1001))

    assert "column 'parameters' varies with the seed: [1000, 1001]" in said


@pytest.mark.parametrize("value", ["high", True])
def test_only_numbers_have_a_mean(value):
    """Text and truth values are not averaged."""
    spec = table(over_seeds=("accuracy",))

    assert "not only numbers" in refused(spec, row(seed=0, accuracy=value))


@given(st.lists(NUMBERS, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_seeds_in_any_order_give_the_same_table(values, random):
    """The order in which seeds ran changes no byte of the mean and the deviation."""
    spec = table(over_seeds=("accuracy",))
    rows = [row(seed=seed, accuracy=value) for seed, value in enumerate(values)]
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert made(spec, *rows) == made(spec, *shuffled)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6))
def test_mean_and_deviation_are_the_usual_ones(values):
    """Mean and deviation agree with the standard library."""
    assert mean(values) == pytest.approx(statistics.mean(values), rel=1e-12, abs=1e-9)
    assert sample_deviation(values) == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-9)


def test_device_results_carry_their_marks():
    """A row that is not current says so in the table; a row of another source counts as current."""
    rows = [row(current=False, complete=True), row("vgg")]

    one, other = made(table(), *rows)

    assert (one["current"], one["complete"]) == ("false", "true")
    assert (other["current"], other["complete"]) == ("true", "true")


def test_one_stale_seed_marks_the_average():
    """A mean is current only when the row of every seed is."""
    spec = table(over_seeds=("accuracy",))

    (one,) = made(spec, row(seed=0, current=True), row(seed=1, current=False))

    assert one["current"] == "false"
