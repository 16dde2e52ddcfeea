"""Command lines for the tests."""

from reproductions.ensemble_kd.cli.interpretation import interpret
from reproductions.ensemble_kd.cli.parser import parse
from reproductions.ensemble_kd.cli.refusals import check

BASE = ("--model", "resnet18_e1", "--dataset", "digits", "--bit-widths", "32", "4", "1")


def parsed(words=""):
    """Return the base command line with further words, parsed."""
    return parse([*BASE, *words.split()])


def planned(words=""):
    """Return the plan of the base command line with further words."""
    found = parsed(words)
    check(found)
    return interpret(found)
