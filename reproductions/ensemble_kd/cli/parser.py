"""From words to parsed arguments, by the table; no framework is needed."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from harness.errors import UsageError
from reproductions.ensemble_kd.cli.argument import Argument
from reproductions.ensemble_kd.cli.arguments import ARGUMENTS, GROUPS

PROGRAM = "python -m reproductions.ensemble_kd"

_ABOUT = "Train ensembles of quantised networks that share their weights."
_END = (
    "Files are called by --log and a timestamp, which SOURCE_DATE_EPOCH (seconds) sets. Exit "
    "codes: 0 done, 1 a fault of the disk, 2 refused, 3 stopped by --interrupt-at.\n\n"
    "example:\n"
    f"  {PROGRAM} --model resnet18_e1 --dataset digits \\\n"
    "    --bit-widths 32 8 4 2 1 --weight-quantization dorefa --activation-method round \\\n"
    "    --clip-threshold 1.3 --fp-downsample-sc --pool-downsample-sc --width-multiplier 0.125 \\\n"
    "    --epochs 3 --kd-mode progressive --mode hybrid"
)


class _Parser(argparse.ArgumentParser):
    """A parser whose refusals are messages like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with what argparse says."""
        raise UsageError(message[:1].lower() + message[1:], f"see {PROGRAM} --help")


@dataclass(frozen=True)
class Parsed:
    """What a command line says.

    Parameters
    ----------
    values
        The value of every argument.
    given
        The names of those that are on the command line, also where they repeat the default.
    """

    values: Namespace
    given: frozenset[str]

    def gives(self, *names: str) -> bool:
        """Whether one of the arguments `names` is on the command line."""
        return bool(self.given.intersection(names))


def parse(words: Sequence[str]) -> Parsed:
    """Return the parsed arguments.

    Raises
    ------
    UsageError
        A word is no argument, or a value is none that it takes.
    """
    given = build_parser().parse_args(list(words))
    # A switch that can be turned off is neither on nor off when it is left out.
    defaults = {one.name: None if one.negatable else one.default for one in ARGUMENTS}
    return Parsed(Namespace(**{**defaults, **vars(given)}), frozenset(vars(given)))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser that the table describes."""
    parser = _Parser(
        prog=PROGRAM, description=_ABOUT, epilog=_END, allow_abbrev=False,
        usage="%(prog)s --model resnet18_e1 --bit-widths BITS [BITS ...] [arguments]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    groups = {name: parser.add_argument_group(title) for name, title in GROUPS.items()}
    for argument in ARGUMENTS:
        groups[argument.group].add_argument(*argument.flags, **_options(argument))
    return parser


def _options(argument: Argument) -> dict[str, Any]:
    options: dict[str, Any] = {
        "dest": argument.name,
        "help": describe(argument),
        "default": argparse.SUPPRESS,
        "required": argument.required,
    }
    if argument.negatable:
        return {**options, "action": argparse.BooleanOptionalAction}
    if argument.kind is None:
        return {**options, "action": "store_true"}
    options |= {"type": argument.kind, "metavar": argument.name.rsplit("_", 1)[-1].upper()}
    if argument.choices:
        options |= {"choices": argument.choices, "metavar": None}
    if argument.many:
        options["nargs"] = "+"
    return options


def describe(argument: Argument) -> str:
    """Return the line of help: what it does, what becomes of it, its default."""
    text = argument.help
    if argument.fate != "works":
        said = {"fixed": "always so", "noted": "without effect", "refused": "refused"}
        text += f"; {said[argument.fate]}: {argument.reason}"
    if argument.default not in (None, "") and argument.kind is not None:
        text += f" (default {argument.default})"
    # argparse takes a percent sign for one of its own.
    return text.replace("%", "%%")
