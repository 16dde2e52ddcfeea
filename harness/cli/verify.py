"""Read every output and every cache object again and compare them with what was recorded.

An output is compared with manifest.json and dvc.lock, an object of DVC's cache with the bytes
that belong to its name. Every difference is named, with its stages and those that were built on
it. The status is 1 when there is any; after --repair, when there still is any.

--repair copies whole bytes from an output, the cache or git's last commit; where there are none,
it runs the stage anew. What nobody recorded is moved to .harness/foreign.

--json prints one object:
  outputs, objects  how many output files and cache objects were compared
  bytes_read        the bytes that were hashed, a file with two names once
  findings          what is not as recorded (after --repair: what still is not), each with
    where           output, cache, manifest or dvc.lock
    path            relative to the project
    problem         missing, empty, truncated, longer, corrupt, swapped, foreign, unfinished,
                    link, folder, special file, unreadable, disagreement, unrecorded, never run,
                    or "equal content, other bytes"
    detail, remedy  what is wrong in a sentence, and what to do
    stages          the stages that made it, paper/stage
    built_on_it     the stages that read it, directly or not
  repairs           with --repair: path and problem of each finding, and
    way             copied, from git, run anew, moved aside, entered or not repaired
    detail          from where, to where, or why not

examples:
  harness verify
  harness verify --jobs 2 --json
  harness verify --repair
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.compiler.target import Target
from harness.errors import UsageError, plain_line
from harness.project import Project
from harness.rerun import command as rerun

if TYPE_CHECKING:
    from harness.verification.finding import Finding, Verification
    from harness.verification.repair import Repair


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="files read at a time")
    parser.add_argument("--profile", metavar="P", help="another than the project's profile")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--repair", action="store_true", help="restore what is found, then verify")
    rerun.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Verify; 1 when anything is not as recorded."""
    if arguments.rerun is not None:
        return rerun.run(arguments)
    if arguments.jobs < 1:
        raise UsageError(f"--jobs {arguments.jobs}: at least 1")
    target = Target.of_profile(Project.find(), arguments.profile)
    repairs = None
    if arguments.repair:
        done, repairs = _repaired(target, arguments.jobs)
    else:
        done = _verified(target, arguments.jobs)
    if arguments.json:
        value = done.as_json()
        if repairs is not None:
            value["repairs"] = [one.as_json() for one in repairs]
        print(json.dumps(value, indent=1))
    else:
        _print(done, repairs or ())
    return int(bool(done.findings))


def _verified(target: Target, jobs: int) -> Verification:
    from harness.stage.hold import reading
    from harness.verification.check import verify

    with reading(target.project.root, "harness verify"):
        return verify(target, jobs)


def _repaired(target: Target, jobs: int) -> tuple[Verification, list[Repair]]:
    from harness.stage.hold import writing
    from harness.stage.leftovers import put_in_order
    from harness.verification.check import verify
    from harness.verification.repair import repair

    root = target.project.root
    with writing(root, "harness verify --repair") as hold:
        put_in_order(root, target.lock, hold)
        found = verify(target, jobs)
        if not found.findings:
            return found, []
        print(f"{_count(found.findings)}; repairing", file=sys.stderr, flush=True)
        repairs = repair(target, found, hold.descriptors)
        return verify(target, jobs), repairs


def _print(done: Verification, repairs: Sequence[Repair]) -> None:
    for one in repairs:
        print(plain_line(f"{one.path}: {one.problem}: {one.way}: {one.detail}"))
    for finding in done.findings:
        print(plain_line(f"{finding.where}: {finding.path}: {finding.detail}"))
        if finding.stages:
            print(f"  made by {', '.join(finding.stages)}")
        if finding.built_on_it:
            print(f"  built on it: {', '.join(finding.built_on_it)}")
        print(plain_line(f"  {finding.remedy}"))
    files = f"{done.outputs} output files and {done.objects} cache objects"
    if done.findings:
        print(f"{_count(done.findings)} in {files}")
    else:
        print(f"{files}: every byte is as recorded")


def _count(findings: Sequence[Finding]) -> str:
    return f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"
