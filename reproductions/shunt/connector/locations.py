"""Where the shunts go: windows of blocks, or the two layer indices of the release."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import ValidationError

from harness.errors import HarnessError
from reproductions.shunt.params.window import Window, check_disjoint

_PAIR = re.compile(r"(\d{1,4})\s*,\s*(\d{1,4})")


@dataclass(frozen=True)
class Layers:
    """The layers `first` to `last` by the release's numbers, which depend on the network."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first},{self.last}"


Locations = tuple[Window, ...] | Layers


def locations_of(text: str) -> Locations:
    """Return the locations that `text` names: "7-12", "7-12; 14-15" or, as released, "64,157".

    Raises
    ------
    ValueError
        It names none, or windows that are empty or overlap; the message says which, and what is
        allowed.
    """
    pair = _PAIR.fullmatch(text.strip())
    if pair:
        layers = Layers(int(pair[1]), int(pair[2]))
        if layers.last < layers.first:
            raise ValueError(f"the pair {layers} ends before it begins")
        return layers
    windows = [_window(part) for part in text.split(";")]
    try:
        return check_disjoint(windows)
    except HarnessError as error:
        raise ValueError(error.message) from error


def _window(part: str) -> Window:
    try:
        return Window.parse(part)
    except ValidationError as error:
        raise ValueError(f"'{part.strip()[:40]}' ends before it begins") from error
    except ValueError as error:
        raise ValueError(
            f"'{part.strip()[:40]}' is no window; allowed: blocks such as 7-12, several as "
            "7-12; 14-15, or a pair of layer indices such as 64,157"
        ) from error
