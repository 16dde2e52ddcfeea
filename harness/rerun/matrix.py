"""`python -m harness.rerun.matrix`: every value of every variation, and a table of what came out.

A variation by itself would take a rerun a value. Here each rerun has a value of every variation in
force, the next one at each round, so that there are as many reruns as the longest list of values.
When a round comes out different the culprit is looked for among its values.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.project import Project
from harness.rerun.clone import committed
from harness.rerun.host import Host
from harness.rerun.reruns import Reruns
from harness.rerun.variation import VARIATIONS, Chosen

_DIFFERENT = "different"


@dataclass(frozen=True)
class Row:
    """One value of one variation and what came out under it."""

    chosen: Chosen
    outcome: str

    @property
    def good(self) -> bool:
        """Whether nothing came out different under it."""
        return not self.outcome.startswith(_DIFFERENT)


def rounds(values: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return the values of each round, so that every value is in force in one of them at least.

    Parameters
    ----------
    values
        The values of each variation that can be had; a variation without any is left out.
    """
    had = {name: list(choices) for name, choices in values.items() if choices}
    count = max((len(choices) for choices in had.values()), default=0)
    return [
        {name: choices[number % len(choices)] for name, choices in had.items()}
        for number in range(count)
    ]


def worse(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Return the outcomes of all rounds so far: a difference stays, whatever other rounds gave."""
    kept = {name: one for name, one in before.items() if one.startswith(_DIFFERENT)}
    return {**before, **now, **kept}


def matrix(project: Project, host: Host, workspace: Path) -> list[Row]:
    """Rerun the committed tree once a round and return a row for every value.

    Parameters
    ----------
    workspace
        An empty folder for the clones; that of a round that came out different is kept in it.
    """
    everything = [Chosen(one, value) for one in VARIATIONS.values() for value in one.values]
    missing = {str(one): one.missing(host) for one in everything}
    values = {
        name: [value for value in one.values if not missing[f"{name}={value}"]]
        for name, one in VARIATIONS.items()
    }
    found: dict[str, str] = {}
    reruns = Reruns(project, None, "", host, workspace)
    planned = rounds(values)
    for number, chosen in enumerate(planned, start=1):
        print(f"round {number} of {len(planned)}", file=sys.stderr, flush=True)
        names = [Chosen(VARIATIONS[name], value) for name, value in chosen.items()]
        found = worse(found, _round(reruns, names))
    return [
        Row(one, found.get(str(one), f"not to be had here: {missing[str(one)]}"))
        for one in everything
    ]


def _round(reruns: Reruns, chosen: Sequence[Chosen]) -> dict[str, str]:
    attempt = reruns.attempt(chosen)
    if attempt.comparison.good:
        shutil.rmtree(attempt.clone.folder)
        return {str(one): "exact" for one in chosen}
    culprit = reruns.culprit(attempt, chosen) if attempt.comparison.first_different else None
    at_fault = culprit.variations if culprit and culprit.variations else tuple(chosen)
    why = f"{_DIFFERENT}: {culprit or 'see its clone'}; kept: {attempt.clone.tree}"
    return {str(one): why if one in at_fault else "not at fault" for one in chosen}


def main() -> int:
    """Print the table; 1 when anything came out different."""
    project = Project.find()
    head, changed = committed(project.root)
    if changed:
        print("note: what is not committed is left out", file=sys.stderr)
    workspace = Path(tempfile.mkdtemp(prefix="harness-matrix-")).resolve()
    good = False
    try:
        rows = matrix(project, Host.here(), workspace)
        good = all(row.good for row in rows)
    finally:
        if good:
            shutil.rmtree(workspace, ignore_errors=True)
    width = max(len(str(row.chosen)) for row in rows)
    print(f"commit {head}")
    for row in rows:
        print(f"{row.chosen!s:{width}}  {row.outcome}")
    return int(not good)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HarnessError as error:
        print(error, file=sys.stderr)
        sys.exit(error.status)
    except KeyboardInterrupt:
        sys.exit(130)
