"""Parsing the command line and turning every foreseen fault into a message and a status."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from harness.errors import HarnessError
from harness.fault import system_fault

# Name -> one line of help. A command's module is imported only when it is the one that is called
# (`harness --help` must stay fast), so its line stands here; a test compares it with the page.
COMMANDS = {
    "validate": "check every spec and report every error",
    "compile": "write params.yaml, dvc.yaml and the stages' plans",
    "repro": "run what is stale through dvc repro, then judge every claim",
    "status": "say which stages are stale, and why",
    "claims": "print the claims with their verdicts",
    "measure": "measure on a device; make a new record beside the old",
    "verify": "re-hash outputs and the cache behind them",
    "schema": "write the JSON Schema of the specs, or print one",
    "env": "list and build the environments",
    "data": "list, fetch and adopt datasets",
}


class _Version(argparse.Action):
    """Look the version up only when it is asked for; the look-up is slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print the version and end."""
        from importlib.metadata import version

        print(f"harness {version('repro-harness')}")
        parser.exit()


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Reproduce published results byte for byte, each number with a verdict.",
        epilog="example: harness repro nonn",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    chosen = next((word for word in arguments if word in COMMANDS), None)
    for name, line in COMMANDS.items():
        page = commands.add_parser(
            name, help=line, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == chosen:
            module = importlib.import_module(f"harness.cli.{name}")
            page.description = module.__doc__
            module.add_arguments(page)
            page.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 good, 1 the answer is no, 2 wrong use.

    After a signal it is what a shell expects, such as 130 after SIGINT and 143 after SIGTERM.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    called = " ".join(["harness", *words[:1]])
    try:
        parsed = _parser(words).parse_args(words)
        status = int(parsed.run(parsed))
        sys.stdout.flush()
    except HarnessError as error:
        print(f"{called}: {error}", file=sys.stderr)
        _tell_of_writer(error)
        return error.status
    except KeyboardInterrupt as interrupt:
        name = getattr(interrupt, "name", "SIGINT")
        print(f"{called}: ended by {name}; run it again to go on from there", file=sys.stderr)
        return getattr(interrupt, "status", 130)
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; nothing is wrong.
        _drop_output()
        return 0
    except OSError as error:
        # What a command foresees it says better; a full or broken disk can strike anywhere.
        print(f"{called}: {system_fault(error)}", file=sys.stderr)
        _flush_or_drop_output()
        return 1
    return status


def _tell_of_writer(error: HarnessError) -> None:
    """Say who is writing the project: what looks damaged may only be unfinished."""
    from harness.project import Project
    from harness.stage.hold import HeldError, writer

    if isinstance(error, HeldError):
        return
    with suppress(HarnessError, OSError):
        if holder := writer(Project.find().root):
            print(
                f"  `{holder.command}` (process {holder.pid}) is writing this project, though: "
                "first wait until it has ended",
                file=sys.stderr,
            )


def _flush_or_drop_output() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()


def _drop_output() -> None:
    # What stays in the buffer would make the interpreter fail once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
