"""Say which stages are stale, in the order in which they would run.

Nothing is run and DVC is not started. The status is 0 when everything is up to date, else 1.

examples:
  harness status
  harness status --why
  harness status --profile reviewer --json
"""

from __future__ import annotations

import argparse
import json
import sys

from harness.compiler.stamp import outdated
from harness.compiler.target import Target
from harness.project import Project
from harness.status import StageStatus, stage_statuses


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--why", action="store_true", help="give every reason")
    parser.add_argument("--profile", metavar="P", help="another than the project's profile")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the status of every stage; 1 when any is stale."""
    target = Target.of_profile(Project.find(), arguments.profile)
    if outdated(target):
        print("note: specs or code changed since `harness compile`", file=sys.stderr)
    statuses = stage_statuses(target)
    if arguments.json:
        rows = [
            {"stage": s.address, "stale": s.stale, "reasons": list(s.reasons)} for s in statuses
        ]
        print(json.dumps(rows, indent=1))
    else:
        for status in statuses:
            _print(status, why=arguments.why)
        stale = sum(status.stale for status in statuses)
        print(f"{stale} of {len(statuses)} stages stale" if stale else "everything is up to date")
    return int(any(status.stale for status in statuses))


def _print(status: StageStatus, *, why: bool) -> None:
    word = "stale" if status.stale else "up to date"
    print(f"{word:10}  {status.address}")
    for reason in status.reasons if why else ():
        print(f"{'':10}    {reason}")
