"""The order in which stages run, and which a stage needs to have run before it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.errors import HarnessError
from harness.stage.planned import PlannedStage


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
                raise HarnessError(
                    f"the stages wait for each other: {', '.join(sorted(begun))}",
                    "run `harness compile`",
                )
            waiting += reversed(missing)
    return list(ordered)


def needed(plans: Sequence[PlannedStage], names: Sequence[str]) -> list[PlannedStage]:
    """Return the stages `names` and all that they read, directly or not; all for no names."""
    by_name = {plan.dvc_name: plan for plan in plans}
    waiting = list(names or by_name)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += by_name[name].writers.values()
    return [plan for plan in plans if plan.dvc_name in found]
