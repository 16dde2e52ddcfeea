"""From words to an exit status; every foreseen fault is a message."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from harness.errors import HarnessError
from harness.fault import system_fault
from harness.stage.interrupt import Interrupted, heed
from reproductions.ensemble_kd.cli.parser import PROGRAM, Parsed, parse

REFUSED = 2
"""The exit status when nothing was trained, or a training could not go on."""


def main(words: Sequence[str]) -> int:
    """Run one command.

    Returns
    -------
    int
        0 done, 2 refused, 3 stopped by --interrupt-at, 1 a fault of the disk; after a signal what
        a shell expects.
    """
    try:
        return _run(parse(words))
    except HarnessError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return REFUSED
    except OSError as error:
        print(f"{PROGRAM}: {system_fault(error)}", file=sys.stderr)
        return 1
    except Interrupted as interrupt:
        print(f"{PROGRAM}: ended by {interrupt.name}", file=sys.stderr)
        return interrupt.status


def _run(parsed: Parsed) -> int:
    # Only now, as --help has ended by here: what follows reads images and needs NumPy.
    from reproductions.ensemble_kd.cli.interpretation import interpret
    from reproductions.ensemble_kd.cli.notes import notes
    from reproductions.ensemble_kd.cli.outputs import Results, moment, tell
    from reproductions.ensemble_kd.cli.preparation import prepare, summary
    from reproductions.ensemble_kd.cli.refusals import check

    check(parsed)
    plan = interpret(parsed)
    now = moment(os.environ)
    told = [f"note: {line}" for line in notes(parsed)]
    if plan.dry:
        if plan.source.dataset == "imagenet":
            _check_framework()  # which reads the records
        ready = prepare(plan)
        for line in [*_echo(parsed.values), *told, *summary(ready)]:
            tell(line)
        return 0
    _check_framework()
    heed()
    ready = prepare(plan)
    from reproductions.ensemble_kd.cli.command import build, left, run_command

    chain = build(ready)
    results = Results.begin(plan.files.folder, plan.files.stem, now)
    try:
        for line in [*_echo(parsed.values), *told, *summary(ready)]:
            results.say(line)
        return run_command(ready, chain, results)
    except (HarnessError, OSError, Interrupted) as error:
        results.say(f"broken off: {_words(error)}")
        if way := left(ready, results):
            results.say(way)
        raise
    finally:
        results.keep()


def _words(error: BaseException) -> str:
    return f"by {error.name}" if isinstance(error, Interrupted) else str(error)


def _echo(values: Namespace) -> list[str]:
    """Return the arguments with their values, sorted by name."""
    return [f"{name} = {value}" for name, value in sorted(vars(values).items())]


def _check_framework() -> None:
    """Raise HarnessError where MXNet is not installed."""
    from importlib.util import find_spec

    if find_spec("mxnet") is None:
        raise HarnessError(
            "MXNet is not installed for this interpreter",
            "run `harness env mxnet` and use the interpreter that it names; --help needs none, and "
            "--dry-run for records of imagenet alone",
        )
