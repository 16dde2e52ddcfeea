"""Exported networks of the sizes that are trained, against Keras, in one run."""

import json
import os
import subprocess
from pathlib import Path

import yaml
from interpreter import interpreter

from harness.stage.variables import stage_variables

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("shunt_export.py")


def test_litert_is_within_1e_5_of_keras(benchmark, tmp_path):
    """In single precision no output of any family differs from Keras by more than 1e-5."""
    python = interpreter("tensorflow")
    spec = yaml.safe_load((ROOT / "specs" / "environment" / "tensorflow.yaml").read_text())
    variables = stage_variables(os.environ, spec["variables"], ROOT, tmp_path)

    def measure():
        done = subprocess.run(
            [str(python), str(SCRIPT)],
            env=variables, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    found = benchmark.pedantic(measure, rounds=1)
    for name, row in found.items():
        benchmark.extra_info[name] = (
            f"{row['difference']:.1e} off, {row['agreement']:.1f} % alike, "
            f"{row['bytes']:,} bytes, {row['ms']:.3f} ms"
        )

    single = {name: row for name, row in found.items() if row["precision"] == "float32"}
    assert len(single) == 4
    assert max(row["difference"] for row in single.values()) <= 1e-5
