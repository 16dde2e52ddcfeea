"""How fast `harness verify` reads, beside `sha256sum` of coreutils over the same bytes."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from stopwatch import Command, in_turns, python

from harness.compiler.target import Target
from harness.project import Project
from harness.stage.lock import read_lock
from harness.stage.manifest import record_outputs
from harness.status import planned_stages
from synthetic import fan_out, finish, lay_out

LARGE, SIZE = 2, 256 << 20  # files and bytes of each
SMALL = 2000  # files of 4 KiB
_SUMS = "import subprocess, sys; subprocess.run(['xargs', '-0', 'sha256sum'], "
SUMS = _SUMS + "stdin=open(sys.argv[1]), stdout=subprocess.DEVNULL, check=True)"


@pytest.fixture
def project(tmp_path):
    """Give a finished project with 0.5 GB in a few arrays and many small files, on record."""
    root = lay_out(tmp_path / "project", fan_out(4))
    python(root, "-m", "harness", "compile")()
    target = Target(Project(root))
    stage = next(plan for plan in planned_stages(target) if plan.stage == "numbers-0")
    (values,) = stage.outputs.values()
    folder = root / values.path
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(LARGE):
        (folder / f"large-{number}.bin").write_bytes(random.bytes(SIZE))
    for number in range(SMALL):
        (folder / f"small-{number}.bin").write_bytes(random.bytes(4096))
    finish(root)
    for plan in planned_stages(target):
        record_outputs(root / "manifest.json", root, plan, "cpu", "key")
    assert read_lock(target.lock)
    return root


def names(root: Path) -> Path:
    """Write the names of all outputs and cache objects, as `xargs -0` takes them."""
    parts = (root / "artifacts", root / "results", root / ".dvc" / "cache" / "files")
    found = [path for part in parts for path in part.rglob("*") if path.is_file()]
    listed = root.parent / "names"
    listed.write_text("\0".join(map(str, found)))
    return listed


def test_verify_reads_as_fast_as_sha256sum(benchmark, project):
    """On one core it reads 0.8 of what `sha256sum` reads a second, in files large and small."""
    listed = names(project)
    one = {0} if 0 in os.sched_getaffinity(0) else {min(os.sched_getaffinity(0))}
    core = ",".join(map(str, one))

    least = in_turns(
        benchmark, 3,
        verify=Command(("taskset", "-c", core, sys.executable, "-m", "harness", "verify"), project),
        sha256sum=Command(("taskset", "-c", core, sys.executable, "-c", SUMS, str(listed)), project),
    )  # fmt: skip
    ratio = least["sha256sum"].cpu / least["verify"].cpu
    benchmark.extra_info["verify_over_sha256sum"] = round(ratio, 2)

    assert ratio >= 0.8


def test_two_jobs_take_less_time_than_one(benchmark, project):
    """With two free cores, two jobs take at most 0.8 of the time of one."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.fail("this needs two cores")

    least = in_turns(
        benchmark, 3,
        one=python(project, "-m", "harness", "verify"),
        two=python(project, "-m", "harness", "verify", "--jobs", "2"),
    )  # fmt: skip
    share = least["two"].wall / least["one"].wall
    benchmark.extra_info["two_over_one"] = round(share, 2)

    assert share <= 0.8
