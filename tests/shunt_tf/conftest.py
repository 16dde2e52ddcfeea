"""The tests of the TensorFlow half; without TensorFlow there is nothing to collect here."""

import sys
from importlib.util import find_spec
from pathlib import Path

# What the frameworks' tests share; this conftest may be the first of all.
sys.path.append(str(Path(__file__).parents[1]))

collect_ignore_glob = [] if find_spec("tensorflow") else ["test_*.py"]
