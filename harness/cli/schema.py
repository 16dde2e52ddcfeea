"""Write the JSON Schema of the specs for editors, or print what a spec or a step can hold.

Without an option it writes specs/schema/ and .vscode/settings.json.

examples:
  harness schema
  harness schema --check
  harness schema --print paper
  harness schema --step nonn.train_teacher
"""

from __future__ import annotations

import argparse
import json

from harness.errors import UsageError
from harness.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    wanted = parser.add_mutually_exclusive_group()
    wanted.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 when a file is stale"
    )
    wanted.add_argument("--print", metavar="KIND", help="print one schema, such as paper")
    wanted.add_argument("--step", metavar="STEP", help="print what a step takes and makes")
    parser.add_argument("--json", action="store_true", help="with --step: print JSON Schema")


def run(arguments: argparse.Namespace) -> int:
    """Write, check or print; 1 when a checked file is stale."""
    if arguments.json and not arguments.step:
        raise UsageError("--json goes with --step", "a schema is JSON in any case")
    if arguments.print:
        return _print(arguments.print)
    if arguments.step:
        return _step(arguments.step, as_json=arguments.json)
    return _write(Project.find(), check=arguments.check)


def _print(kind: str) -> int:
    from harness.spec.problem import near
    from harness.spec.schema import MODELS, schema

    if kind not in MODELS:
        raise UsageError(f"no schema '{kind}'{near(kind, MODELS)}", f"one of {', '.join(MODELS)}")
    print(json.dumps(schema(kind), indent=2, ensure_ascii=False))
    return 0


def _step(name: str, *, as_json: bool) -> int:
    from harness.registry import registry
    from harness.spec.problem import near
    from harness.spec.schema import step_page, step_schema

    steps = registry(Project.find().root)
    if name not in steps:
        raise UsageError(f"no step '{name}'{near(name, steps)}", f"one of {', '.join(steps)}")
    if as_json:
        print(json.dumps(step_schema(steps[name]), indent=2, ensure_ascii=False))
    else:
        print(step_page(name, steps[name]))
    return 0


def _write(project: Project, *, check: bool) -> int:
    from harness.formats.atomic import write_if_changed
    from harness.spec.schema import files

    stale = []
    for name, content in files().items():
        path = project.root / name
        if not path.is_file() or path.read_bytes() != content:
            stale.append(name)
        if not check:
            write_if_changed(path, content)
    for name in stale:
        print(f"{name}: {'stale' if check else 'written'}")
    if not stale:
        print("every schema is up to date")
    return int(check and bool(stale))
