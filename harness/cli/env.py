"""List the environments, or build those that are named.

An environment is built from its lock into .harness/environments, in a folder named by the hash
of the lock, and is used again until the lock changes. Stages build what they need by themselves.

examples:
  harness env
  harness env torch
  harness env --all
"""

from __future__ import annotations

import argparse
import json

from harness.environment import Environments
from harness.errors import UsageError
from harness.project import Project
from harness.spec.environment import Environment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="environments to build")
    parser.add_argument("--all", action="store_true", help="build every environment")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """List or build environments."""
    from harness.spec.files import SpecFiles

    project = Project.find()
    specs = SpecFiles.read(project.specs).environments()
    environments = Environments(project.root)
    for name in list(specs) if arguments.all else arguments.names:
        if name not in specs:
            raise UsageError(f"no environment '{name}'; there are {', '.join(specs)}")
        environments.python(specs[name].planned())
    rows = [_row(environments, spec) for spec in specs.values()]
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            built = "built" if row["built"] else "not built"
            print(f"{row['environment']:12}{built:11}{row['equality']:13}{row['lock']}")
            print(f"{'':12}{row['folder']}")
    return 0


def _row(environments: Environments, spec: Environment) -> dict[str, str | bool]:
    planned = spec.planned()
    return {
        "environment": spec.environment,
        "says": spec.says,
        "built": environments.is_built(planned),
        "equality": spec.equality,
        "lock": spec.lock,
        "folder": environments.folder(planned).relative_to(environments.root).as_posix(),
    }
