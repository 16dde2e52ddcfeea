"""Where the deployment's tests find their helpers; without TVM there is nothing to collect here."""

import sys
from importlib.util import find_spec
from pathlib import Path

# The small dataset and the way to run a step are those of the torch half.
sys.path.append(str(Path(__file__).parents[1] / "nonn_torch"))

collect_ignore_glob = [] if find_spec("tvm") else ["test_*.py"]
