"""How hard each width pulls at the shared weights."""

import pytest
from ensemble_drawing_samples import MODES, norms

from harness.errors import HarnessError
from reproductions.ensemble_kd.drawing import gradients


def test_gradients_have_a_panel_for_each_system():
    """Each panel has one line for each width, means over the seeds, and all have equal axes."""
    rows = [
        {"seed": seed, **row} for mode in MODES[:4] for seed in (0, 3) for row in norms(mode, seed)
    ]

    panels = gradients.picture(rows, ()).axes

    assert [axes.get_title(loc="left") for axes in panels] == [*MODES[:4]]
    assert len({axes.get_ylim() for axes in panels}) == 1
    first = {
        round(float(line.get_ydata()[0]), 3) for line in panels[0].get_lines()
        if list(line.get_xdata()) == [1, 2, 3]
    }  # fmt: skip
    assert first == {round(norm * 7 / 6, 3) for norm in (3.8, 52.7, 54.7, 33.5, 2.1)}
    assert [text.get_text() for text in panels[0].texts] == [
        "1 bit", "2 bits", "4 bits", "8 bits", "32 bits"
    ]  # fmt: skip


def test_norm_of_zero_lies_on_the_edge():
    """A member that pulls at nothing is drawn on the lower edge of the logarithmic axis."""
    rows = [{**row, "norm": 0 if row["bits"] == 1 else row["norm"]} for row in norms("plain", 0)]

    (axes,) = gradients.picture(rows, ()).axes

    drawn = [line.get_ydata() for line in axes.get_lines() if list(line.get_xdata()) == [1, 2, 3]]
    assert list(drawn[0]) == [axes.get_ylim()[0]] * 3


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has 0 rows, and none with a norm above 0"),
        ([{**norms("plain", 0)[0], "norm": 0}], "has 1 rows, and none"),
        ([{**norms("plain", 0)[0], "norm": -1.0}], "a norm is -1"),
    ],
)
def test_gradients_that_cannot_be_drawn_are_refused(rows, said):
    """No norm, and one below 0, give an error and no picture."""
    with pytest.raises(HarnessError, match=said):
        gradients.picture(rows, ())


def test_one_epoch_is_drawn():
    """A training of one epoch has a picture."""
    (axes,) = gradients.picture(norms("plain", 0)[:5], ()).axes

    assert axes.get_xlim()[0] < 1 < axes.get_xlim()[1]
