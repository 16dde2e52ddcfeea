"""What tells series apart: colour, marker and line style together, so that none is needed alone."""

from __future__ import annotations

from dataclasses import dataclass

INK = "#222222"
GREY = "#767676"
PALE = "#D9D9D9"

# Okabe and Ito's colours, which remain apart for colour-blind readers; the yellow is left out
# because it vanishes on white paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#555555")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "h", "*")
DASHES: tuple[tuple[float, tuple[float, ...] | None], ...] = (
    (0, None),
    (0, (5, 1.6)),
    (0, (1.2, 1.4)),
    (0, (6, 1.6, 1.2, 1.6)),
    (0, (8, 3)),
)


@dataclass(frozen=True)
class Look:
    """How one series is drawn."""

    colour: str
    marker: str
    dashes: tuple[float, tuple[float, ...] | None]


def look(position: int) -> Look:
    """Return the look of the series at `position`; 70 of them differ."""
    return Look(
        COLOURS[position % len(COLOURS)],
        MARKERS[position % len(MARKERS)],
        DASHES[position % len(DASHES)],
    )
