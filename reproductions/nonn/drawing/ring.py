"""Discs on a ring and points in a disc, computed in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from reproductions.drawing.layout import Point

_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
# Sines may differ in the last bit from one machine to another; places do not.
_DECIMALS = 4


@dataclass(frozen=True)
class Disc:
    """A circle and the direction in which it lies from the origin, in radians."""

    centre: Point
    radius: float
    angle: float


def polar(radius: float, angle: float, centre: Point = (0.0, 0.0)) -> Point:
    """Return the point at `radius` and `angle` from `centre`, rounded."""
    x = centre[0] + radius * math.cos(angle)
    y = centre[1] + radius * math.sin(angle)
    return round(x, _DECIMALS), round(y, _DECIMALS)


def sunflower(count: int, centre: Point) -> list[Point]:
    """Return `count` points spread evenly over a disc, about one unit apart, inside first."""
    if count == 1:
        return [centre]
    return [
        polar(0.62 * math.sqrt(number + 0.5), number * _GOLDEN_ANGLE, centre)
        for number in range(count)
    ]


def radius_of(count: int) -> float:
    """Return the radius of a disc that holds a sunflower of `count` points with a margin."""
    return 0.62 * math.sqrt(count) + 0.65


def ring(counts: Sequence[int], groups: Sequence[int], gap: float = 0.9) -> list[Disc]:
    """Place one disc for each of `counts` on a circle, in order, clockwise from the top.

    Neighbours of different `groups` stand further apart. No two discs overlap.
    """
    radii = [radius_of(count) for count in counts]
    if len(radii) == 1:
        return [Disc((0.0, 0.0), round(radii[0], _DECIMALS), math.pi / 2)]
    after = [
        gap if group == groups[(at + 1) % len(groups)] else 3.0 * gap
        for at, group in enumerate(groups)
    ]
    steps = [radii[at] + after[at] + radii[(at + 1) % len(radii)] for at in range(len(radii))]
    angles = [math.pi / 2]
    for step in steps[:-1]:
        angles.append(angles[-1] - 2 * math.pi * step / sum(steps))
    # Chords are shorter than arcs: widen the circle until every pair of discs fits.
    distance = max(
        (one + other + gap) / (2 * math.sin((first - second) / 2))
        for (one, first), (other, second) in combinations(zip(radii, angles, strict=True), 2)
    )
    return [
        Disc(polar(distance, angle), round(radius, _DECIMALS), angle)
        for radius, angle in zip(radii, angles, strict=True)
    ]
