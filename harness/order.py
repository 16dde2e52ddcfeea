"""The order in which stages run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.errors import HarnessError


def running_order(reads: Mapping[str, Collection[str]]) -> list[str]:
    """Return the names so that each comes after those that it reads, else in the given order.

    Without recursion: a chain of stages may be longer than Python's stack.

    Raises
    ------
    HarnessError
        Names wait for each other, or for one that is not there.
    """
    ordered: dict[str, None] = {}
    for name in reads:
        waiting, begun = [name], set[str]()
        while waiting:
            top = waiting[-1]
            missing = [read for read in reads[top] if read not in ordered]
            if lost := [read for read in missing if read not in reads]:
                raise HarnessError(
                    f"'{top}' reads {', '.join(lost)}, which is not planned",
                    "run `harness compile`",
                )
            if not missing:
                ordered[waiting.pop()] = None
                continue
            begun.add(top)
            if not begun.isdisjoint(missing):
                raise HarnessError(f"the stages wait for each other: {', '.join(sorted(begun))}")
            waiting += reversed(missing)
    return list(ordered)
