"""Where labels stand, and how series look."""

import math
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproductions.drawing.labels import Box, box, place
from reproductions.drawing.layout import spread
from reproductions.drawing.palette import look


def test_looks_differ_in_colour_and_mark_together():
    """Seventy series differ, and eight differ in their mark alone."""
    assert len({(look(at).colour, look(at).marker) for at in range(70)}) == 70
    assert len({look(at).marker for at in range(8)}) == 8


@settings(max_examples=100)
@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=9),
    st.floats(0.5, 20),
    st.sampled_from([-math.inf, -50.0, 0.0]),
)
def test_labels_stand_apart_in_their_order(wanted, apart, lowest):
    """Labels keep their order, do not touch, end where allowed, and move only where they must."""
    placed = spread(wanted, apart, lowest)

    ranked = [placed[at] for at in sorted(range(len(wanted)), key=lambda at: (wanted[at], at))]
    assert all(high - low >= apart - 1e-9 for low, high in pairwise(ranked))
    assert min(placed) >= lowest
    if min(wanted) >= lowest and all(high - low >= apart for low, high in pairwise(sorted(wanted))):
        assert placed == pytest.approx(wanted)


FRAME = Box(0, 0, 330, 230)
PLACES = st.tuples(st.integers(8, 322), st.integers(8, 222))


@settings(max_examples=80)
@given(st.lists(PLACES, min_size=1, max_size=14), st.lists(PLACES, max_size=4))
def test_labels_lie_on_no_mark_and_on_no_other_label(centres, ends):
    """Wherever marks lie, even upon each other, their labels are inside, apart, and repeatable."""
    marks = [box(centre, (9.5, 9.5)) for centre in centres]
    lines = [Box(x - 1, 0, x + 1, y) for x, y in ends]
    sizes = [(28.0 + 6 * (at % 2), 9.6) for at in range(len(marks))]

    placed = place(marks, sizes, lines, FRAME)

    assert placed == place(marks, sizes, lines, FRAME)
    assert all(FRAME.holds(label) for label in placed)
    assert not any(one.meets(other) for one, other in combinations(placed, 2))
    assert not any(label.meets(each) for label in placed for each in marks)


def test_label_moves_away_from_a_line_and_from_the_edge():
    """The usual place is at the right; a line there, or the end of the frame, moves the label."""
    here = box((100, 100), (10, 10))

    (usual,) = place([here], [(30, 10)], [], FRAME)
    (moved,) = place([here], [(30, 10)], [Box(100, 99, 330, 101)], FRAME)
    (turned,) = place([here], [(30, 10)], [], Box(0, 0, 130, 230))

    assert usual.left > here.right
    assert usual.centre[1] == 100
    assert moved.right < here.left
    assert turned.right < here.left


def test_labels_of_a_full_frame_stand_beside_their_marks():
    """Where there is no room at all, labels are written all the same."""
    here = box((10, 10), (10, 10))

    assert place([here], [(30, 10)], [], Box(0, 0, 20, 20))[0].left > here.right
