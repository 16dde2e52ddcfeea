"""Run what is stale through `dvc repro`, then judge every claim and say where everything is.

Without a target everything runs. A target is a paper, a claim, a table, a figure, a stage or the
path of an output. Another profile than the project's is compiled into profiles/<name> and keeps
its own dvc.lock and results. The status is 1 when a stage fails, when bytes differ from the
recorded ones, or when a claim is different.

examples:
  harness repro
  harness repro nonn
  harness repro node-memory
  harness repro results/smoke/nonn/compression.csv
  harness repro nonn/teacher --profile reviewer
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from harness.compiler.target import Target
from harness.project import Project
from harness.reproduction import Reproducing
from harness.stage.hold import writing
from harness.stage.leftovers import put_in_order
from harness.stage.progress import duration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what to reproduce")
    parser.add_argument("--profile", metavar="P", help="another than the project's profile")


def run(arguments: argparse.Namespace) -> int:
    """Reproduce, judge and print; the status agrees with what is printed."""
    from harness.report import terminal

    started = time.monotonic()
    target = Target.of_profile(Project.find(), arguments.profile)
    root = target.project.root
    with writing(root, "harness repro") as hold:
        if put_in_order(root, target.lock, hold):
            print(
                "note: dvc.lock was half written when the last run was killed; the one before "
                "it is back",
                file=sys.stderr,
            )
        done = Reproducing(target, hold).run(arguments.targets, arguments.profile)
    print()
    terminal.print_report(done.report, sys.stdout, os.environ)
    for line in done.summary():
        print(line)
    print(f"took {duration(time.monotonic() - started)}")
    return done.status
