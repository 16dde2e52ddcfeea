"""Print the claims with their verdicts.

They are read from the results of the last run in the profile; nothing is run or judged again.
The exit status is 0 when no claim is "different", 1 when one is, 2 for a wrong name.

examples:
  harness claims
  harness claims nonn --profile reviewer --json
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys

from harness.compiler.target import Target
from harness.errors import HarnessError, UsageError
from harness.formats import jsonfile
from harness.project import Project
from harness.report import model, results, terminal
from harness.report.model import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("paper", nargs="?", help="only this paper")
    parser.add_argument("--profile", metavar="P", help="another than the project's profile")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the verdicts and return the exit status that agrees with them."""
    project = Project.find()
    profile = arguments.profile or Target(project).profile()
    if profile is None:
        raise HarnessError("nothing is compiled here", "run `harness compile`")
    report = read(project, profile)
    if arguments.paper is not None:
        report = only(report, arguments.paper)
    if arguments.json:
        sys.stdout.write(jsonfile.dumps(report.as_json()).decode())
    else:
        terminal.print_report(report, sys.stdout, os.environ)
    return report.status


def read(project: Project, profile: str) -> Report:
    """Return the verdicts of `profile`.

    Raises
    ------
    UsageError
        There is no such profile.
    HarnessError
        It has no verdicts yet.
    """
    profiles = sorted(path.stem for path in (project.specs / "profile").glob("*.yaml"))
    if profile not in profiles:
        raise _unknown("profile", profile, profiles)
    return model.read(results.folder(project.root, profile) / model.FILE)


def only(report: Report, paper: str) -> Report:
    """Return `report` with one paper; UsageError when it has no such paper."""
    papers = tuple(one for one in report.papers if one.paper == paper)
    if not papers:
        raise _unknown("paper", paper, [one.paper for one in report.papers])
    return report.model_copy(update={"papers": papers})


def _unknown(kind: str, name: str, known: list[str]) -> UsageError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known) or 'none'}"
    return UsageError(f"there is no {kind} '{name}'", hint)
