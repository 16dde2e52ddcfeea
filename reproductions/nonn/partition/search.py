"""From the weights of a filter activation network to the communities of its filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from harness.errors import HarnessError
from reproductions.nonn.params.partition import Communities
from reproductions.nonn.partition import communities, leiden
from reproductions.nonn.partition.communities import Community, as_fraction
from reproductions.nonn.partition.cut import Floats, Links, links_of
from reproductions.nonn.partition.packing import attach

Search = Callable[[Links, Fraction, np.random.Generator], list[Community]]

SEARCHES: Mapping[str, Search] = {"louvain": communities.find, "leiden": leiden.find}


def linked(
    links: Links, algorithm: str, gamma: Fraction, random: np.random.Generator
) -> list[Community]:
    """Return the communities of the filters that have a link."""
    found = SEARCHES[algorithm](links, gamma, random)
    return [community for community in found if links[community[0]]]


def search(
    weights: Floats, links: Links, params: Communities, random: np.random.Generator
) -> list[Community]:
    """Return the communities of all filters that are kept; `links` are those after the cut."""
    gamma = as_fraction(params.resolution.gamma)
    found = linked(links, params.algorithm, gamma, random)
    if params.isolated == "attach":
        return attach(found, links_of(weights / weights.max()))
    return found


def check_enough(found: list[Community], links: Links, percentile: float, number: int) -> None:
    """Refuse fewer kept filters than students.

    Raises
    ------
    HarnessError
        `number` students cannot have a filter each.
    """
    kept = sum(map(len, found))
    if kept < number:
        raise HarnessError(
            f"{kept} of {len(links)} filters have a link above the {percentile:g}th percentile, "
            f"too few for {number} students",
            "lower 'keep_percentile', set 'isolated: attach', or ask for fewer students",
        )
