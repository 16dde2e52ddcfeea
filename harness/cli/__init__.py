"""The command line: `harness <command>`, one module a command."""

from harness.cli.main import main

__all__ = ["main"]
