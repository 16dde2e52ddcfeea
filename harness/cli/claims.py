"""Print the claims with their verdicts, judged again.

Nothing runs. Every file that a claim rests on is hashed again; a claim whose stages are not up to
date, or not as recorded, is not verified. What differs from the verdicts of the last commit is
told, a changed tolerance as well.
The exit status is 0 when no claim is "different", 1 when one is, 2 for a wrong name.

examples:
  harness claims
  harness claims nonn --profile reviewer --json
"""

from __future__ import annotations

import argparse
import os
import sys

from harness.compiler.stamp import outdated
from harness.compiler.target import Target
from harness.errors import HarnessError, UsageError
from harness.formats import jsonfile
from harness.judgement import Judgement, judge_now
from harness.project import Project
from harness.report import model, results, terminal
from harness.spec.problem import near
from harness.standing import Standing
from harness.status import planned_stages, stage_statuses


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
    judgement = judged(project, profile)
    if arguments.paper is not None:
        judgement = only(judgement, arguments.paper)
    if arguments.json:
        sys.stdout.write(jsonfile.dumps(judgement.as_json()).decode())
    else:
        terminal.print_report(judgement.report, sys.stdout, os.environ)
        for line in judgement.lines():
            print(line)
    return judgement.report.status


def judged(project: Project, profile: str) -> Judgement:
    """Return the verdicts of `profile` on what lies there now.

    Raises
    ------
    UsageError
        There is no such profile.
    HarnessError
        It has no verdicts yet, or a file that they rest on is damaged.
    """
    profiles = sorted(path.stem for path in (project.specs / "profile").glob("*.yaml"))
    if profile not in profiles:
        raise _unknown("profile", profile, profiles)
    recorded = results.folder(project.root, profile) / model.FILE
    kept = model.read(recorded)
    target = Target.of_profile(project, profile)
    if outdated(target):
        print("note: specs or code changed since `harness compile`", file=sys.stderr)
    plans = planned_stages(target)
    standing = Standing.of(target, plans, stage_statuses(target))
    judgement = judge_now(project.root, plans, standing, recorded)
    if kept != judgement.report:
        shown = recorded.relative_to(project.root)
        print(f"note: {shown} says otherwise; `harness repro` writes it anew", file=sys.stderr)
    return judgement


def only(judgement: Judgement, paper: str) -> Judgement:
    """Return the judgement of one paper; UsageError when there is no such paper."""
    papers = [one.paper for one in judgement.report.papers]
    if paper not in papers:
        raise _unknown("paper", paper, papers)
    return judgement.of_paper(paper)


def _unknown(kind: str, name: str, known: list[str]) -> UsageError:
    return UsageError(
        f"there is no {kind} '{name}'{near(name, known)}",
        f"there are: {', '.join(known) or 'none'}",
    )
