"""Accuracy against bytes: marks, the front, the axis and its labels."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nonn_drawing_samples import OTHERS, TEACHER, score

from harness.errors import HarnessError
from reproductions.drawing.labels import Box
from reproductions.nonn.drawing import accuracy, pareto

FRAME = Box(0, 0, 330, 230)


def test_marks_average_over_seeds():
    """Three seeds make one mark with their mean and sample deviation."""
    found = [score("a", 2, "random", value, seed=at) for at, value in enumerate((90, 92, 94))]

    (mark,) = pareto.marks_of({"by_chance": found})

    assert (mark.accuracy, mark.deviation, mark.label) == (92.0, 2.0, "N = 2")
    assert (mark.series, mark.kilobytes) == ("by chance, a", 4.0)


def test_series_are_named_by_their_input_and_by_what_varies_in_it():
    """Systems that differ only by their input or in one column are series of their own."""
    lone = [score("a", 1, "none", 90, distilled=flag) for flag in (False, True)]
    mixed = [score("a", 2, kind, 90) for kind in ("random", "communities")]
    drilled = [score("a", 2, "random", 91, training=kind) for kind in ("together", "alone")]
    scores = {"one_student": lone, "mixed": mixed, "with_dropout": drilled}

    assert [mark.series for mark in pareto.marks_of(scores)] == [
        "one student, a, not distilled",
        "one student, a, distilled",
        "mixed, a, partition random",
        "mixed, a, partition communities",
        "with dropout, a, training together",
        "with dropout, a, training alone",
    ]


def mark(kilobytes, value):
    """Make a mark without seeds."""
    return pareto.Mark("a", "N = 2", kilobytes, value, 0.0)


MARKS = st.lists(
    st.builds(mark, st.integers(1, 9).map(float), st.integers(90, 99).map(float)),
    min_size=1,
    max_size=12,
)


@given(MARKS)
def test_front_has_every_mark_that_none_betters_and_no_other(marks):
    """On the front accuracy rises with bytes; every mark off it has a better one on it."""
    best = pareto.front(marks)

    for one, other in pairwise(best):
        assert one == other or (one.kilobytes < other.kilobytes and one.accuracy < other.accuracy)
    for each in marks:
        reached = max(
            (one.accuracy for one in best if one.kilobytes <= each.kilobytes), default=-1.0
        )
        assert (reached == each.accuracy and each in best) or (
            each not in best and reached >= each.accuracy
        )


def test_front_is_a_stair():
    """Between two members a number of kB buys what the cheaper one reaches."""
    best = pareto.front([mark(5.0, 97.0), mark(2.0, 95.0), mark(3.0, 94.0)])

    assert pareto.steps(best, 9.0) == [(2.0, 95.0), (5.0, 95.0), (5.0, 97.0), (9.0, 97.0)]


@pytest.mark.parametrize(
    ("kilobytes", "expected"),
    [
        ([300.0, 2770.0, 320.0], [[300.0, 320.0], [2770.0]]),
        ([2.0, 1.0, 40.0, 10.0], [[1.0, 2.0], [10.0, 40.0]]),
        ([300.0, 400.0, 500.0], [[300.0, 400.0, 500.0]]),
        ([300.0], [[300.0]]),
    ],
)
def test_axis_breaks_once_at_its_widest_gap(kilobytes, expected):
    """A teacher of many times the bytes does not press the others together."""
    found = pareto.panels([mark(size, 95.0) for size in kilobytes])

    assert [[one.kilobytes for one in panel] for panel in found] == expected


def test_accuracy_needs_a_teacher_and_others():
    """Without a teacher, or without anything to compare, there is no picture."""
    with pytest.raises(HarnessError, match="it has 1 systems from the inputs teacher"):
        accuracy.picture({"teacher": TEACHER})
    with pytest.raises(HarnessError, match="it has 4 systems from the inputs others"):
        accuracy.picture({"others": OTHERS})


@given(MARKS)
def test_marks_of_the_same_bytes_are_drawn_side_by_side(marks):
    """Marks are drawn apart in the order of their bytes, the best of equals first; few move."""
    named = [replace(one, label=str(at)) for at, one in enumerate(marks)]
    panel = accuracy.Panel(pareto.panels(named)[0], FRAME, (0.5, 20.0), (80.0, 100.0))

    shown = panel.shown()

    ordered = list(shown.values())
    for one, other in pairwise(ordered):
        here, there = panel.at(one.kilobytes, 90), panel.at(other.kilobytes, 90)
        assert there[0] - here[0] >= 6.98  # rounded to a hundredth of a point
    for one, other in pairwise(shown):
        assert (one.kilobytes, -one.accuracy) <= (other.kilobytes, -other.accuracy)
    if len({one.kilobytes for one in shown}) == len(shown):
        assert list(shown) == ordered  # 9 and 8 kB are 10 points apart


def test_marks_on_the_front_are_filled_and_the_others_hollow():
    """The front is told apart by form, and each system is drawn where its score says."""
    drawn = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_markerfacecolor()
        for axes in accuracy.picture({"teacher": TEACHER, "others": OTHERS}).axes
        for line in axes.get_lines()
        if line.get_transform() == axes.transData and len(line.get_xdata()) == 1
    }

    assert {at for at, face in drawn.items() if face != "white"} == {
        (310.0, 95.0),
        (320.0, 97.1),
        (11_000.0, 98.5),
    }
    assert {at for at, face in drawn.items() if face == "white"} == {(329.0, 96.0), (330.0, 97.0)}
