"""The parts of a network that are timed alone for the search, and what they tell of its windows.

A shunt's time depends on the maps before and after it and on nothing else of its window, so shunts
of one shape are measured once: for MobileNetV2 on 32x32 pixels 68 shapes stand for 349 shunts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reproductions.shunt.architecture.block import Architecture
from reproductions.shunt.architecture.layer import Shape
from reproductions.shunt.architecture.shunt import Site, site_of
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.params.window import Window
from reproductions.shunt.search.latencies import block_series, shunt_series
from reproductions.shunt.search.offers import Offer, offers_of


def shunt_part(site: Site, shunt: Shunt) -> str:
    """Return the name of a shunt's series in a record of parts: ``shunt-1-8x8x64-4x4x96``.

    Where the window is dilated, ``-d2.4`` follows.
    """
    ends = f"{_text(site.input)}-{_text(site.output)}"
    first, last = site.dilations
    dilated = "" if first == last == 1 else f"-d{first}.{last}"
    return f"shunt-{shunt}-{ends}{dilated}"


def shunts_by_part(
    network: Architecture, shunts: Sequence[Shunt]
) -> dict[str, list[tuple[Window, Shunt]]]:
    """Return by the name of its part every shunt that costs no more multiply-adds than its window.

    The others are refused wherever they stand, and nobody needs their time.
    """
    found: dict[str, list[tuple[Window, Shunt]]] = {}
    for offer in _no_dearer(offers_of(network, shunts).found):
        part = shunt_part(site_of(network, offer.window), offer.shunt)
        found.setdefault(part, []).append((offer.window, offer.shunt))
    return found


def by_window(
    measured: Mapping[str, int], network: Architecture, shunts: Sequence[Shunt]
) -> dict[str, int]:
    """Return the times of `measured`, which has each shape once, under each window's own name.

    Those are the names by which `reproductions.shunt.search.latencies.Latencies` asks. The whole
    network and its blocks keep theirs; a part that was not measured is not there.
    """
    found = {name: time for name, time in measured.items() if not name.startswith("shunt-")}
    for part, places in shunts_by_part(network, shunts).items():
        if part in measured:
            found |= {shunt_series(*place): measured[part] for place in places}
    return found


def block_parts(network: Architecture) -> dict[str, int]:
    """Return the number of every block by the name of its part."""
    return {block_series(ordinal): ordinal for ordinal in range(len(network.blocks))}


def _no_dearer(offers: Iterable[Offer]) -> Iterable[Offer]:
    return (offer for offer in offers if offer.macs >= 0)


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))
