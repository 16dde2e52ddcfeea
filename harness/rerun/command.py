"""`harness verify --rerun`: its arguments and what it prints."""

from __future__ import annotations

import argparse

from harness.errors import HarnessError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of a rerun."""
    parser.add_argument(
        "--rerun", nargs="?", const="", metavar="PAPER", help="rerun a paper, or all, in a clone"
    )


def run(arguments: argparse.Namespace) -> int:
    """Rerun and compare; 1 when anything came out different."""
    raise HarnessError(f"--rerun {arguments.rerun}: not there yet")
