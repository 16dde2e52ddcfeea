"""Accuracy against what must be stored."""

from itertools import combinations

import numpy as np
import pytest
from ensemble_drawing_samples import ALONE, BYTES, COSTS, SHARED, STORE, cost, pictures, scores
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

from harness.errors import HarnessError
from reproductions.drawing.labels import Box, box
from reproductions.ensemble_kd.drawing import bytes as sizes
from reproductions.ensemble_kd.drawing import stored


def test_bytes_are_those_that_serve_a_width():
    """Widths that divide 8 come from the store, others from shared weights; models are packed."""
    found = stored.sizes_of([*COSTS, cost("packed", 3, 90_000)], "resnet")

    assert found.separate == {**ALONE, 3: 90_000}
    assert found.together == {1: STORE, 2: STORE, 3: SHARED, 4: STORE, 8: STORE, 32: SHARED}


def test_store_stands_beside_all_separate_models():
    """Lines tell the store, with the widths that it serves, and the sum of the models."""
    (axes,) = pictures()["bytes"].axes

    upright = [
        line.get_xdata()[0]
        for line in axes.get_lines()
        if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
    ]
    assert upright == [STORE, sum(ALONE.values())]
    said = {text.get_text() for text in axes.texts}
    assert "one store, 1, 2, 4 and 8 bits\n231 kB" in said
    assert "5 separate models\n1\N{NARROW NO-BREAK SPACE}180 kB" in said
    assert axes.get_xscale() == "log"


def test_separate_models_lie_at_their_bytes():
    """A network that was trained alone lies at exactly its bytes and its accuracy."""
    (axes,) = pictures()["bytes"].axes

    alone = axes.containers[0].lines[0]

    assert list(alone.get_xdata()) == list(ALONE.values())
    assert list(alone.get_ydata()) == [
        pytest.approx(row["accuracy"] + 0.05) for row in reversed(scores("separate", 0))
    ]


def bands_of(axes):
    """Return where each band begins and ends."""
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]


def test_bands_begin_at_the_bytes_of_their_marks():
    """A band's left edge is at the bytes that all marks in it have, and the key says so."""
    drawing = pictures()["bytes"]
    (axes,) = drawing.axes

    (store, inside), (shared, beyond) = bands_of(axes)

    assert (store, shared) == (STORE, SHARED)
    for one in axes.containers[1:]:
        *served, full = one.lines[0].get_xdata()
        assert store < min(served) < max(served) < inside < shared < full < beyond
    (said,) = drawing.legends[1].get_texts()
    assert "their bytes are those at the band's left edge" in said.get_text()


def test_marks_in_a_band_stand_system_by_system_by_rising_width():
    """From left to right there is one system after the other, each from 1 bit to 8."""
    (axes,) = pictures()["bytes"].axes

    served = [x for one in axes.containers[1:] for x in one.lines[0].get_xdata()[:-1]]

    assert served == sorted(set(served))
    numerals = [text for text in axes.texts if text.get_text().isdigit()]
    assert [text.get_text() for text in numerals] == ["1", "2", "4", "8", "32"] * 5
    marks = [x for one in axes.containers[1:] for x in one.lines[0].get_xdata()]
    assert [text.xy[0] for text in numerals] == marks


def test_line_of_separate_models_stops_where_a_band_begins():
    """In a band, where no mark is at its bytes, there is no line to compare marks with."""
    (axes,) = pictures()["bytes"].axes
    alone = axes.containers[0].lines[0].get_xydata()

    pieces = [line.get_xydata() for line in axes.get_lines() if line.get_zorder() == 2]

    assert len(pieces) == 5
    assert not any(
        begin < (one[0] + other[0]) / 2 < end
        for one, other in pieces
        for begin, end in bands_of(axes)
    )
    for point in np.concatenate(pieces):
        there = np.interp(np.log(point[0]), np.log(alone[:, 0]), alone[:, 1])
        assert point[1] == pytest.approx(there, abs=1e-3)
    ends = [piece[:, 0].tolist() for piece in pieces[3:]]
    assert ends == [[205_000, STORE], [pytest.approx(bands_of(axes)[0][1], rel=1e-5), 741_000]]


# The smoke profile's: mean and sample deviation of two seeds by width; bytes below them.
MEASURED = {
    "separate": {
        1: (83.15, 3.35), 2: (86.91, 3.94), 4: (89.97, 1.58), 8: (93.18, 0.98), 32: (97.91, 0.59)
    },
    "shared": {
        1: (88.86, 1.97), 2: (95.13, 0.20), 4: (96.10, 1.18), 8: (95.82, 0.39), 32: (97.91, 0.20)
    },
    "progressive": {
        1: (87.60, 2.56), 2: (92.34, 4.53), 4: (95.68, 0.20), 8: (95.68, 0.59), 32: (97.91, 1.38)
    },
}  # fmt: skip
SIZES = {1: 44_712, 2: 66_168, 4: 109_080, 8: 194_904, 32: 709_848}


def counted(alone, store, shared):
    """Make the cost count of networks `alone`, of a store and of shared weights."""
    own = [cost("float" if bits == 32 else "packed", bits, size) for bits, size in alone.items()]
    return [*own, cost("shared", 32, shared), cost("store", 8, store)]


def seeds_of(means):
    """Make rows of two seeds with the means and sample deviations of `means`, by system."""
    return [
        {"seed": seed, "system": system, "bits": bits, "accuracy": mean + side * deviation / 2**0.5}
        for system, widths in means.items()
        for bits, (mean, deviation) in widths.items()
        for seed, side in enumerate((-1, 1))
    ]


def measured():
    """Draw what the smoke profile measured."""
    rows = seeds_of(MEASURED)
    costs = counted(SIZES, 233_368, 748_312)
    return sizes.picture(rows[:10], rows[10:], costs, BYTES)


def drawn(drawing):
    """Return boxes in points of each mark and its bar, and of each word, numerals among them."""
    (axes,) = drawing.axes
    drawing.draw_without_rendering()
    scale = 72 / drawing.dpi
    marks = []
    for one in axes.containers:
        line, _, (bars,) = one.lines
        side = line.get_markersize()
        for at, segment in zip(line.get_xydata(), bars.get_segments(), strict=True):
            x, y = axes.transData.transform(at) * scale
            (_, low), (_, high) = axes.transData.transform(segment) * scale
            marks.append((box((x, y), (side, side)), Box(x - 2, low, x + 2, high)))
    words = [
        (text.get_text(), Box(*(side * scale for side in extent.extents)))
        for text in axes.texts
        for extent in (Text.get_window_extent(text),)  # without a leader
    ]
    return marks, words


def check_apart(marks, words):
    """Fail where a mark lies on another mark or on its bar, or a word on any of them."""
    for (mark, bar), (other, beyond) in combinations(marks, 2):
        assert not mark.meets(other)
        assert not mark.meets(beyond)
        assert not other.meets(bar)
        assert not bar.meets(beyond)
    for word, there in words:
        for mark, bar in marks:
            assert not there.meets(mark), f"{word!r} lies on a mark"
            assert not there.meets(bar), f"{word!r} lies on a bar"


@pytest.mark.parametrize(
    "picture", [measured, lambda: pictures()["bytes"]], ids=["measured", "all"]
)
def test_every_mark_and_every_word_can_be_read(picture):
    """No mark, bar, numeral or label lies on another mark or bar."""
    check_apart(*drawn(picture()))


SCORE = st.tuples(st.floats(70, 100), st.floats(0, 9))


@settings(max_examples=25)
@given(
    st.fixed_dictionaries(
        {name: st.fixed_dictionaries(dict.fromkeys(SIZES, SCORE)) for name in MEASURED}
    ),
    st.sampled_from([1.0, 1.01, 1.2]),
)
def test_marks_and_numerals_stay_apart_whatever_was_measured(means, more):
    """Neither equal accuracies, long bars nor a store as large as a network hide a numeral."""
    rows = seeds_of(means)
    costs = counted(SIZES, more * SIZES[8], more * SIZES[32])
    drawing = sizes.picture(rows[:10], rows[10:], costs, BYTES)

    marks, words = drawn(drawing)

    numerals = [(word, there) for word, there in words if word.isdigit()]
    assert len(numerals) == 10
    check_apart(marks, numerals)
    assert not any(one.meets(other) for (_, one), (_, other) in combinations(numerals, 2))
    top = drawing.axes[0].get_window_extent().y1 * 72 / drawing.dpi
    assert all(there.high <= top + 0.5 for _, there in numerals)


@pytest.mark.parametrize("widths", [(1, 2, 4, 8, 32), (8,)])
def test_no_band_reaches_the_next_mark_or_the_end_of_the_axis(widths):
    """With ten systems the figure is wider; without anything behind the last band, its axis is."""
    separate = [row for row in scores("separate", 0) if row["bits"] in widths]
    others = [row for number in range(10) for row in scores(f"number {number}", 0, number / 5)]
    served = [row for row in others if row["bits"] < 32 or 32 in widths]

    (axes,) = sizes.picture(separate, served, COSTS, BYTES).axes

    bands = bands_of(axes)
    assert [begin for begin, _ in bands] == [STORE, SHARED][: len(bands)]
    behind = [ALONE[bits] for bits in widths]
    for begin, end in bands:
        assert not any(begin < size < end for size in behind)
        assert end <= axes.get_xlim()[1] * (1 + 1e-5)


@pytest.mark.parametrize(
    ("separate", "others", "costs", "said"),
    [
        ([], scores("plain", 0), COSTS, "has 0 rows of separately trained networks and 5"),
        (scores("separate", 0), [], COSTS, "5 rows of separately trained networks and 0"),
        (
            scores("separate", 0),
            scores("plain", 0) * 2,
            COSTS,
            "two rows tell the accuracy of system 'plain' at 32 bits, seed 0",
        ),
        (
            scores("separate", 0),
            [{"system": "plain", "bits": 4}],
            COSTS,
            "needs a number in the column 'accuracy'; a row has system plain, bits 4",
        ),
        (
            scores("separate", 0),
            [{"system": "plain", "bits": 4.5, "accuracy": 9}],
            COSTS,
            "needs a whole number in the column 'bits'",
        ),
        (
            scores("separate", 0),
            scores("plain", 0),
            COSTS[-1:],
            "has no network 'resnet'; it has l",
        ),
        (scores("separate", 0), scores("plain", 0), [], "has no network 'resnet'; it has no rows"),
        (
            scores("separate", 0),
            scores("plain", 0),
            COSTS * 2,
            "has 2 rows of network 'resnet' in the form 'float'",
        ),
        (
            scores("separate", 0),
            scores("plain", 0),
            COSTS[:-2],
            "has 0 rows of network 'resnet' in the form 'store'",
        ),
        (
            scores("separate", 0),
            [{"system": "plain", "bits": 7, "accuracy": 50}],
            COSTS,
            r"no width of 'plain' has bytes; there are scores of \[7\] bits",
        ),
    ],
)
def test_accuracy_that_cannot_be_drawn_is_refused(separate, others, costs, said):
    """Nothing to draw, cells that lack and what is told twice give an error and no picture."""
    with pytest.raises(HarnessError, match=said):
        sizes.picture(separate, others, costs, BYTES)
