"""`python -m reproductions.ensemble_kd`: train an ensemble from the command line."""

from __future__ import annotations

import sys

from reproductions.ensemble_kd.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
