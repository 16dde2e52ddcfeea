"""Compose the specs, check them, and write params.yaml, dvc.yaml and plan/.

Overrides are Hydra's: `key=value` changes a value, `profile=NAME` chooses a profile. The project
keeps the profile that is committed; `--into FOLDER` compiles beside it, with a dvc.lock and
results of its own.

examples:
  harness compile
  harness compile papers.nonn.stages.teacher.params.epochs=20
  harness compile profile=reviewer --into profiles/reviewer
  harness compile --check
"""

from __future__ import annotations

import argparse

from harness.compiler.compile import compile_specs, stale_files, write
from harness.compiler.stamp import Stamp
from harness.compiler.target import Target
from harness.project import Project
from harness.stage.hold import writing
from harness.stage.leftovers import sweep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="Hydra overrides")
    parser.add_argument("--into", metavar="FOLDER", default="", help="compile into this folder")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 when a file is stale"
    )


def run(arguments: argparse.Namespace) -> int:
    """Compile; 0 when the files are, or now are, those of the specs."""
    target = Target.in_folder(Project.find(), arguments.into)
    now = Stamp.of(target, arguments.overrides)
    if not arguments.check and Stamp.kept(target) == now:
        print("nothing changed")
        return 0
    if arguments.check:
        compiled = compile_specs(target, arguments.overrides)
        stale = stale_files(target, compiled)
        for name in stale:
            print(f"stale: {target.folder}{'/' if target.folder else ''}{name}")
        if not stale:
            print("params.yaml, dvc.yaml and plan/ are those of the specs")
        return 1 if stale else 0
    with writing(target.project.root, "harness compile"):
        sweep(target.project.root)
        compiled = compile_specs(target, arguments.overrides)
        changed = write(target, compiled)
        Stamp.of(target, arguments.overrides).keep(target)
    for name in changed:
        print(f"wrote {target.folder}{'/' if target.folder else ''}{name}")
    print(f"{len(compiled.plan.stages)} stages, profile {compiled.plan.profile}")
    return 0
