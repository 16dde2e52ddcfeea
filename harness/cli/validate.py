"""Check every spec, in every profile, and report every problem with its place.

Exit status: 0 when all specs are valid, 1 when one is not.

example: harness validate --json
"""

from __future__ import annotations

import argparse
import json

from harness.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check all specs; 0 when they are valid."""
    from harness.registry import registry
    from harness.spec.check import check_specs
    from harness.spec.problem import as_json, counted, render

    project = Project.find()
    found = check_specs(project.specs, registry(project.root))
    specs, profiles = counted(found.specs, "spec"), counted(found.profiles, "profile")
    if arguments.json:
        answer = {
            "valid": not found.problems,
            "specs": found.specs,
            "profiles": found.profiles,
            "problems": as_json(found.problems),
        }
        print(json.dumps(answer, indent=1, ensure_ascii=False))
    elif found.problems:
        print(render(found.problems))
    else:
        print(f"{specs}, {profiles}: valid")
    return int(bool(found.problems))
