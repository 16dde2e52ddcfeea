"""`harness env`: what there is, and what is built."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def env(*words):
    """Run the command in the repository."""
    return subprocess.run(
        [sys.executable, "-m", "harness", "env", *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_environment_is_listed_with_its_class_of_equality():
    """Each spec is a row with its class, its lock and the folder named by the lock's hash."""
    rows = {row["environment"]: row for row in json.loads(env("harness", "--json").stdout)}

    assert {name: row["equality"] for name, row in rows.items()} == {
        "harness": "bytes",
        "mxnet": "bytes",
        "tensorflow": "bytes",
        "torch": "bytes",
        "tvm": "bytes",
    }
    assert rows["harness"]["built"]
    assert (ROOT / rows["harness"]["folder"] / "bin" / "python").exists()
    assert all((ROOT / row["lock"]).is_file() for row in rows.values())


def test_unknown_environment_is_wrong_use():
    """A name that no spec has is refused with status 2 and the names that there are."""
    done = env("torhc")

    assert done.returncode == 2
    assert "no environment 'torhc'; there are harness, mxnet, tensorflow, torch" in done.stderr
