"""Which device has which communities: whole ones where they fit, worth as much as can be."""

from __future__ import annotations

from collections.abc import Sequence

from reproductions.nonn.budget.menu import Menu
from reproductions.nonn.budget.sizes import ideal
from reproductions.nonn.partition.bisection import cut_off
from reproductions.nonn.partition.communities import Community, ordered
from reproductions.nonn.partition.cut import Links
from reproductions.nonn.partition.packing import split

WIDTH = 2000
"""Packings that are followed at a time. With no more than that, the best of all is found."""

Loads = tuple[int, ...]
Places = tuple[int, ...]
Placed = list[list[Community]]
"""The communities of each device."""


def assign(menus: Sequence[Menu], communities: list[Community], links: Links) -> Placed:
    """Share out `communities` to the devices, each of which gets one at least.

    The largest are halved while there are fewer than devices. When no packing of whole ones is
    found to fit, they are cut to the ideal sizes, once a device at most.
    """
    parts = split(communities, len(menus), links)
    places = pack(menus, [len(part) for part in parts])
    if places is None:
        return _carved(parts, ideal(menus, sum(map(len, parts))), links)
    placed: Placed = [[] for _ in menus]
    for part, place in zip(parts, places, strict=True):
        placed[place].append(part)
    return placed


def pack(menus: Sequence[Menu], sizes: Sequence[int]) -> list[int] | None:
    """Return the device of each community, worth most in all; None when none is found to fit.

    Communities are placed one after the other. Packings that fill the devices alike are one; the
    WIDTH that are worth most so far are followed.
    """
    value = [[menu.value(size) for size in range(menu.room + 1)] for menu in menus]
    states: dict[Loads, tuple[int, Places]] = {(0,) * len(menus): (0, ())}
    for position, size in enumerate(sizes):
        left = len(sizes) - position - 1
        grown: dict[Loads, tuple[int, Places]] = {}
        for loads, (total, places) in states.items():
            for place, load in enumerate(loads):
                if load + size > menus[place].room:
                    continue
                filled = (*loads[:place], load + size, *loads[place + 1 :])
                if filled not in grown and filled.count(0) <= left:
                    more = value[place][load + size] - value[place][load]
                    grown[filled] = (total + more, (*places, place))
        states = dict(sorted(grown.items(), key=lambda one: (-one[1][0], one[0]))[:WIDTH])
    return list(next(iter(states.values()))[1]) if states else None


def worth(menus: Sequence[Menu], sizes: Sequence[int]) -> int:
    """Return the proxy for accuracy of the devices with `sizes` filters, in STEPS of a bit."""
    return sum(menu.value(size) for menu, size in zip(menus, sizes, strict=True))


def _carved(communities: list[Community], sizes: Sequence[int], links: Links) -> Placed:
    """Fill the devices to exactly `sizes`, the largest community into the largest room left."""
    placed: Placed = [[] for _ in sizes]
    left, room = ordered(communities), list(sizes)
    while left:
        community, *left = left
        place = room.index(max(room))
        if len(community) > room[place]:
            community, rest = cut_off(community, room[place], links)
            left = ordered([*left, rest])
        placed[place].append(community)
        room[place] -= len(community)
    return placed
