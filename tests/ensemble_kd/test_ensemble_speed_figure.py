"""How much faster than fp32 each width is."""

import pytest
from ensemble_drawing_samples import SPEED

from harness.errors import HarnessError
from reproductions.ensemble_kd.drawing import speed


def test_bars_go_up_where_a_width_is_faster_and_down_where_it_is_slower():
    """A bar reaches from 1 to the speed-up; those that lose are hatched, and the ground is told."""
    axes = speed.picture(SPEED).axes[0]

    bars = [patch for one in axes.containers for patch in one.patches]
    reached = [round(bar.get_y() + bar.get_height(), 4) for bar in bars]
    assert reached == [6.1, 3.2, 1.3, 0.71, 12.7, 6.3, 2.2, 1.4, 3.1, 2.1, 1.1, 0.5]
    assert [value for value, bar in zip(reached, bars, strict=True) if bar.get_hatch()] == [
        0.71,
        0.5,
    ]
    assert {bar.get_y() for bar in bars} == {1}
    said = [text.get_text() for text in axes.texts]
    assert said[-1] == "slower than fp32"
    assert said[:4] == ["6.1", "3.2", "1.3", "0.71"]
    assert axes.get_ylim()[0] < 0.5
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "56x56x64", "7x7x512", "whole network"
    ]  # fmt: skip


def test_nothing_is_called_slower_where_nothing_is():
    """Without a loss, the ground below 1 is neither shaded nor named."""
    faster = [{**row, "speed_up": row["speed_up"] * 4} for row in SPEED]

    (axes,) = speed.picture(faster).axes

    assert "slower than fp32" not in {text.get_text() for text in axes.texts}


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.5, "0.50"), (0.994, "0.99"), (0.999, "1.0"), (9.94, "9.9"), (9.96, "10"), (123.4, "123")],
)
def test_speed_ups_are_written_without_exponents(value, said):
    """Two figures are told, and whole numbers of ten and more."""
    assert speed.shown(value) == said


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has 0 rows, and none of fewer than 32 bits"),
        (SPEED[:1], "has 1 rows, and none of fewer"),
        ([SPEED[1]] * 2, "two rows tell the speed-up of layer '56x56x64' at 8 bits"),
        ([{**SPEED[1], "speed_up": 0}], "needs a number above 0 in the column 'speed_up'"),
        ([{**SPEED[1], "speed_up": None}], "needs a number in the column 'speed_up'"),
        ([{**SPEED[1], "layer": None}], "needs a text in the column 'layer'"),
    ],
)
def test_speed_ups_that_cannot_be_drawn_are_refused(rows, said):
    """No measurement, or a speed-up that a logarithmic axis cannot show, is an error."""
    with pytest.raises(HarnessError, match=said):
        speed.picture(rows)
