"""Accuracy against the students that answer."""

import pytest
from nonn_drawing_samples import survivors_of

from harness.errors import HarnessError
from reproductions.nonn.drawing import survivors


def test_survivors_have_the_mean_and_range_of_their_subsets():
    """A subset is averaged over its seeds; the marks average subsets, the bars span them."""
    other = [row | {"accuracy": row["accuracy"] + 2} for row in survivors_of(3, 0.0, seed=1)]

    found = survivors.curves_of(survivors_of(3, 0.0, seed=0) + other)

    assert list(found) == [3]
    curve = found[3][0.0]
    # One student: 30 + 0, 1, 2; two: 40 + 1, 2, 3; three: 50 + 3; the seeds add 1 on average.
    assert (curve.surviving, curve.mean) == ([1, 2, 3], [32.0, 43.0, 54.0])
    assert (curve.low, curve.high) == ([31.0, 42.0, 54.0], [33.0, 44.0, 54.0])


def test_survivors_are_drawn_by_size_of_system_with_the_line_of_chance():
    """There is a panel for each number of students, and chance is that of the classes."""
    rows_ = survivors_of(4, 0.3) + survivors_of(2, 0.0) + survivors_of(4, 0.0)

    drawing = survivors.picture(rows_, 20)

    assert [axes.get_title(loc="left") for axes in drawing.axes] == ["N = 2", "N = 4"]
    assert [len(axes.containers) for axes in drawing.axes] == [1, 2]
    assert [text.get_text() for text in drawing.legends[0].get_texts()] == [
        "trained without dropout",
        "trained with student dropout 0.3",
    ]
    for axes in drawing.axes:
        assert any(list(line.get_ydata()) == [5.0, 5.0] for line in axes.get_lines())


def test_survivors_told_twice_are_refused():
    """Two rows for the same students would be averaged in silence, and none draw nothing."""
    twice = survivors_of(2, 0.3, seed=0) * 2
    with pytest.raises(HarnessError, match=r"2 rows .* students 0\+1 of 2, dropout 0.3, seed 0"):
        survivors.picture(twice, 10)
    with pytest.raises(HarnessError, match="no rows to draw"):
        survivors.picture([], 10)
