"""Accuracies of systems by width, and their means over the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.formats.rows import Row
from reproductions.drawing.means import Mean
from reproductions.drawing.palette import INK, Look, look
from reproductions.ensemble_kd.drawing.columns import number, text, whole
from reproductions.ensemble_kd.params.drawing import System

SEPARATE = Look(INK, "*", (0, None))
"""How networks look that were trained alone, one for each width."""


def marker_size(style: Look) -> float:
    """Return the size of a mark in points: a star is as black as a circle only if it is larger."""
    return 9.0 if style.marker == "*" else 5.5


@dataclass(frozen=True)
class Scored:
    """A system: its label, how it looks, and its accuracy in percent by width and seed."""

    label: str
    look: Look
    accuracy: Mapping[int, Mapping[int, float]]

    def means(self) -> dict[int, Mean]:
        """Return the mean accuracy at each width, by rising width."""
        return {bits: Mean.of(seeds.values()) for bits, seeds in sorted(self.accuracy.items())}

    def beyond(self, other: Scored) -> dict[int, Mean]:
        """Return by how many points the system is better than `other`, compared seed by seed."""
        found: dict[int, Mean] = {}
        for bits, seeds in sorted(self.accuracy.items()):
            theirs = other.accuracy.get(bits, {})
            pairs = [own - theirs[seed] for seed, own in seeds.items() if seed in theirs]
            if pairs:
                found[bits] = Mean.of(pairs)
        return found


def scored(
    separate: Sequence[Row], others: Sequence[Row], shown: Sequence[System]
) -> tuple[Scored, list[Scored]]:
    """Return the separately trained networks as one system, and the systems to compare.

    Parameters
    ----------
    separate, others
        Rows with `system`, `bits`, `accuracy` and, of several runs, `seed`.
    shown
        The systems of `others` to return, in order; all when there is none.

    Raises
    ------
    HarnessError
        There is nothing to draw, a system of `shown` is not there, or two rows tell one accuracy.
    """
    if not separate or not others:
        raise HarnessError(
            f"the picture of accuracy has {len(separate)} rows of separately trained networks and "
            f"{len(others)} of networks with shared weights",
            "give both, with one row or more",
        )
    alone = [{**row, "system": "separate"} for row in separate]
    (accuracy,) = _accuracies(alone).values()
    found = _accuracies(others)
    systems = [
        Scored(one.label, look(at), found[one.name])
        for at, one in enumerate(selected(list(found), shown))
    ]
    return Scored("separate models", SEPARATE, accuracy), systems


def selected(names: Sequence[str], shown: Sequence[System]) -> list[System]:
    """Return `shown`, or all of `names`; raise HarnessError where one of `shown` is not there."""
    for one in shown:
        if one.name not in names:
            raise HarnessError(
                f"the figure has no rows of the system '{one.name}'; it has {', '.join(names)}",
                "name systems of the figure's inputs under 'systems', or none",
            )
    return list(shown) or [System.model_construct(name=one, label=one) for one in names]


def _accuracies(rows: Sequence[Row]) -> dict[str, dict[int, dict[int, float]]]:
    """Return accuracy by system, width and seed."""
    found: dict[str, dict[int, dict[int, float]]] = {}
    for row in rows:
        system, bits = text(row, "system"), whole(row, "bits")
        seed = whole(row, "seed") if "seed" in row else 0
        seeds = found.setdefault(system, {}).setdefault(bits, {})
        if seed in seeds:
            raise HarnessError(
                f"two rows tell the accuracy of system '{system}' at {bits} bits, seed {seed}",
                "give every system a name of its own, and the figure each stage once",
            )
        seeds[seed] = number(row, "accuracy")
    return found
