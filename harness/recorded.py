"""What was said before: the committed verdicts of a profile, and what has changed since."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.report import model, results
from harness.report.model import ClaimReport, Report
from harness.report.words import amount
from harness.table.escape import one_line


@dataclass(frozen=True)
class Change:
    """One thing that a claim says otherwise than before: its tolerance, number or verdict."""

    paper: str
    claim: str
    what: str
    was: str
    now: str

    def __str__(self) -> str:
        said = f"{self.paper}.{self.claim}: {self.what} was {self.was} when last recorded"
        return one_line(f"{said}, now {self.now}")


def last_recorded(root: Path, profile: str, otherwise: Path) -> Report | None:
    """Return the verdicts of the last commit, or else those in the file `otherwise`.

    None when neither is there and whole: then there is nothing to compare with.
    """
    content = _committed(root, results.folder(root, profile) / model.FILE)
    try:
        return model.parse(content, otherwise) if content else model.read(otherwise)
    except HarnessError:
        return None


def changes(before: Report, now: Report) -> tuple[Change, ...]:
    """Return what differs, claim by claim; a claim that is gone is told, a new one is not."""
    known = {(one.outcome.paper, one.outcome.claim): one for one in now.claims()}
    return tuple(
        change
        for one in before.claims()
        for change in _changes(one, known.get((one.outcome.paper, one.outcome.claim)))
    )


def _changes(before: ClaimReport, now: ClaimReport | None) -> Iterator[Change]:
    old, place = before.outcome, (before.outcome.paper, before.outcome.claim)
    if now is None:
        yield Change(*place, "verdict", old.verdict, "the claim is gone")
        return
    new = now.outcome
    for what, was, said in (
        ("reported", _reported(before), _reported(now)),
        ("tolerance", old.tolerance, new.tolerance),
        ("verdict", old.verdict, new.verdict),
    ):
        if was != said:
            yield Change(*place, what, was, said)


def _reported(claim: ClaimReport) -> str:
    value = claim.outcome.reported
    said = claim.statement or "" if value is None else amount(value, claim.unit)
    return f"{claim.bound} {said}"


def _committed(root: Path, path: Path) -> bytes:
    """The bytes of a file at the last commit; none without git, or when it has no such file."""
    name = path.relative_to(root).as_posix()
    command = ["git", "-C", str(root), "show", f"HEAD:./{name}"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return b""
    return b"" if done.returncode else done.stdout
