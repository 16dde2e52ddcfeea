"""Read every output and every cache object again and compare them with what was recorded.

An output is compared with manifest.json (SHA-256) and dvc.lock, a cache object with the digest
in its name. Every difference is named with its stage and the stages that were built on it; the
status is 1 when there is any.

examples:
  harness verify
  harness verify --jobs 2 --json
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from harness.compiler.target import Target
from harness.errors import UsageError
from harness.project import Project
from harness.rerun import command as rerun
from harness.verify import Verification, verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="files read at a time")
    parser.add_argument("--profile", metavar="P", help="another than the project's profile")
    parser.add_argument("--json", action="store_true", help="print JSON")
    rerun.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Verify; 1 when anything is not as recorded."""
    if arguments.rerun is not None:
        return rerun.run(arguments)
    if arguments.jobs < 1:
        raise UsageError(f"--jobs {arguments.jobs}: at least 1")
    done = verify(Target.of_profile(Project.find(), arguments.profile), arguments.jobs)
    if arguments.json:
        print(json.dumps(asdict(done), indent=1))
    else:
        _print(done)
    return int(bool(done.findings))


def _print(done: Verification) -> None:
    for finding in done.findings:
        print(f"{finding.where}: {finding.path}: {finding.problem}")
        print(f"  made by {finding.stage}")
        if finding.built_on_it:
            print(f"  built on it: {', '.join(finding.built_on_it)}")
    files = f"{done.outputs} output files and {done.objects} cache objects"
    if done.findings:
        print(f"{len(done.findings)} findings in {files}")
        print("  make a stage anew with `dvc repro --force <paper>-<stage>`")
    else:
        print(f"{files}: every byte is as recorded")
