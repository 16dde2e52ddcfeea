"""The launcher runs under any Python that DVC finds."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import sys
sys.path.insert(0, sys.argv[1])
import harness.stage.__main__
own = {name.partition(".")[0] for name in sys.modules}
print(*sorted(own - sys.stdlib_module_names))
"""


def test_launcher_needs_the_standard_library_alone():
    """`python3 -m harness.stage` loads nothing but the standard library and the harness."""
    command = [sys.executable, "-I", "-S", "-c", SCRIPT, str(ROOT)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert [name for name in loaded if name != "__main__"] == ["harness"]
