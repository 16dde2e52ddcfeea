"""`python -m reproductions.ensemble_kd.leaving`: convert a file of MXNet for another framework."""

from __future__ import annotations

import sys

from reproductions.ensemble_kd.leaving.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
