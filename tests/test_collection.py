import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def collected(seed, zone):
    """Return the names of all tests as a process of its own finds them."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", TESTS, "--collect-only", "-o", "addopts=-q"],
        cwd=TESTS.parent,
        env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_every_process_finds_the_same_tests_in_the_same_order():
    """No test's name or place hangs on the clock, the zone or the hash seed.

    The workers of one run compare what they found, and give up when it differs.
    """
    one, other = collected("1", "UTC"), collected("2", "Pacific/Kiritimati")

    assert one == other
    assert any("test_every_process_finds" in name for name in one)
    assert len(set(one)) == len(one)
