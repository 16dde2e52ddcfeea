"""Overrides of the command line: the part of Hydra's grammar that changes a value of a spec.

Hydra's own grammar does more: it loads other files, moves its folders, and resolves the user's
variables. None of that reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from harness.errors import UsageError
from harness.spec.problem import near, one_of, shown
from harness.spec.scalar import text_fault

_ROOMS = ("papers", "datasets", "devices", "environments")
_PART = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_PLACE = rf"({'|'.join(_ROOMS)})(\.{_PART})+"
_CHANGE = re.compile(rf"\+{{0,2}}{_PLACE}=.*|~{_PLACE}(=.*)?", re.DOTALL)
_PROFILE = "profile="
HOW = (
    "an override reads `papers.nonn.stages.teacher.params.epochs=20` or `profile=reviewer`; "
    "`+key=value` adds a key"
)
"""What an override looks like."""


def check_overrides(overrides: Sequence[str], profiles: Collection[str]) -> None:
    """Raise UsageError for the first override that does more than change a value.

    Parameters
    ----------
    overrides
        As they were given on the command line.
    profiles
        The names of all profiles.
    """
    for text in overrides:
        fault = text_fault(text) or _fault(text, profiles)
        if fault:
            raise UsageError(f"the override is refused: {fault}", HOW)


def _fault(text: str, profiles: Collection[str]) -> str | None:
    if text.startswith(_PROFILE):
        name = text.removeprefix(_PROFILE)
        if name in profiles:
            return None
        hint = near(name, profiles) or f"; there are {one_of(profiles)}"
        return f"there is no profile {shown(name)}{hint}"
    if not _CHANGE.fullmatch(text):
        rooms = ", ".join(_ROOMS)
        return f"{shown(text)} is neither 'profile=NAME' nor a value below {rooms}"
    return None
