"""The quotients of blocks, and the windows of systems above them."""

import pytest
from shunt_drawing_samples import CHOICES, RESIDUAL, quotient_rows

from harness.errors import HarnessError
from reproductions.shunt.drawing import quotients


def test_quotients_are_those_of_single_blocks():
    """Every seed's quotient of a block alone is drawn, and blocks without one are marked."""
    rows = quotient_rows(0) + quotient_rows(1)

    blocks = quotients.blocks_of(rows, RESIDUAL)

    assert [bool(block.quotients) for block in blocks] == RESIDUAL
    assert blocks[4].quotients == pytest.approx((0.04, 0.05))
    (axes, *_) = quotients.picture(rows, RESIDUAL, []).axes
    assert [round(bar.get_height(), 4) for bar in axes.patches][:2] == [0.0983, 0.045]
    crosses = axes.collections[-1].get_offsets()[:, 0]
    assert list(crosses) == [at for at, residual in enumerate(RESIDUAL) if not residual]


def test_windows_of_systems_stand_above_their_blocks():
    """A bar spans the blocks of each window; what was picked by hand is hatched and shaded."""
    lanes = quotients.lanes_of(CHOICES, ["by-hand", "macs-70", "macs-10"])

    below, above = quotients.picture(quotient_rows(0), RESIDUAL, lanes).axes

    bars = [(round(bar.get_x(), 1), round(bar.get_width(), 1), bar.get_hatch())
            for bar in above.patches]  # fmt: skip
    assert bars[0] == (4.6, 5.8, "////")
    assert (3.6, 1.8, None) in bars
    assert above.get_xlim() == below.get_xlim()
    said = [text.get_text() for text in above.texts]
    assert said == ["by-hand", "loss 0.300", "macs-70", "loss 0.050", "macs-10", "infeasible"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no quotient of a single block to draw; it has 0 rows"),
        ([{"first": 4, "last": 7, "quotient": 0.9}], "it has 1 rows"),
        ([{"first": 12, "last": 12, "quotient": 0.9}], "block 12; the network has 0 to 10"),
    ],
)
def test_quotients_that_cannot_be_drawn_are_refused(rows, said):
    """Nothing to draw, and blocks of another network, give an error and no picture."""
    with pytest.raises(HarnessError, match=said):
        quotients.picture(rows, RESIDUAL, [])


def test_system_that_the_search_has_not_is_named():
    """A misspelt system is told, and not left out."""
    with pytest.raises(HarnessError, match="search has no system 'macs-80'"):
        quotients.lanes_of(CHOICES, ["macs-80"])
