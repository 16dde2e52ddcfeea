"""`python -m harness` is `harness`."""

import sys

from harness.stage.interrupt import heed, pass_over


def main() -> int:
    """Run the command line; a signal ends it in order, or at once while it is still loaded."""
    pass_over()
    from harness.cli.main import main as command

    heed()
    return command()


if __name__ == "__main__":
    sys.exit(main())
