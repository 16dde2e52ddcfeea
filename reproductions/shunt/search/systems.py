"""The systems that the rows of a search tell of, for the stages that build them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.errors import HarnessError
from harness.formats.rows import Row
from reproductions.shunt.params.shunt import Placed, Shunt, System
from reproductions.shunt.params.window import Window


def systems_of(choices: Sequence[Row], names: Iterable[str]) -> tuple[System, ...]:
    """Return the systems `names` of the output `choices` of a search.

    Raises
    ------
    HarnessError
        There is no such system, no choice meets its budget, or nothing needs to be replaced.
    """
    return tuple(_system(choices, name) for name in names)


def _system(choices: Sequence[Row], name: str) -> System:
    rows = [row for row in choices if row["system"] == name]
    if not rows:
        known = ", ".join(dict.fromkeys(str(row["system"]) for row in choices))
        raise HarnessError(
            f"the search has no system '{name}'; it has {known or 'none'}",
            "give the search a budget of this name, or build another system",
        )
    if rows[0]["refused"] is not None:
        raise HarnessError(
            f"no choice of windows meets the budget '{name}': {rows[0]['refused']}",
            "let more of the network remain, or build another system",
        )
    windows = {
        int(row["position"]): _placed(row) for row in rows if isinstance(row["position"], int)
    }
    if not windows:
        raise HarnessError(
            f"the network meets the budget '{name}' without any shunt",
            "let less of the network remain, or build another system",
        )
    return System(name=name, windows=tuple(windows[position] for position in sorted(windows)))


def _placed(row: Row) -> Placed:
    return Placed(
        window=Window.parse(str(row["window"])),
        shunt=Shunt.model_validate({"architecture": row["architecture"], "width": row["width"]}),
    )
