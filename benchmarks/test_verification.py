"""How fast `harness verify` reads, beside `sha256sum` of coreutils over the same bytes."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from stopwatch import Command, in_turns, python
from synthetic import fan_out, finish, lay_out

from harness.compiler.target import Target
from harness.project import Project
from harness.stage.manifest import record_outputs
from harness.status import planned_stages

LARGE, SIZE = 4, 128 << 20  # files and bytes of each
SMALL = 2000  # files of 4 KiB
_SUMS = "import subprocess, sys; subprocess.run(['xargs', '-0', 'sha256sum'], "
SUMS = _SUMS + "stdin=open(sys.argv[1]), stdout=subprocess.DEVNULL, check=True)"

READ = """\
import sys
from pathlib import Path
from harness.verification.progress import Progress
from harness.verification.reading import read_all
from harness.verification.tree import look
jobs, *names = sys.argv[1:]
seen = [one for name in names for _, one in look(Path(name), name, Path(name))]
read_all([(one, "sha256") for one in seen], int(jobs), Progress())
"""
HALVES = """\
import subprocess, sys
read, *names = sys.argv[1:]
halves = [[sys.executable, "-c", read, "1", *names[n::2]] for n in range(2)]
sys.exit(max(process.wait() for process in [subprocess.Popen(half) for half in halves]))
"""


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
    return root


def names(root: Path) -> Path:
    """Write the names of all outputs and cache objects, as `xargs -0` takes them."""
    parts = (root / "artifacts", root / "results", root / ".dvc" / "cache" / "files")
    found = [path for part in parts for path in part.rglob("*") if path.is_file()]
    listed = root.parent / "names"
    listed.write_text("\0".join(map(str, found)))
    return listed


def on_one_core(project: Path, *words: str) -> Command:
    """Return a command of this interpreter that may use one core only."""
    core = str(min(os.sched_getaffinity(0)))
    return Command(("taskset", "-c", core, sys.executable, *words), project)


def test_verify_reads_as_fast_as_sha256sum(benchmark, project):
    """On one core it reads 0.8 of what `sha256sum` reads a second, in files large and small."""
    listed = str(names(project))

    least = in_turns(
        benchmark, 3,
        verify=on_one_core(project, "-m", "harness", "verify"),
        sha256sum=on_one_core(project, "-c", SUMS, listed),
    )  # fmt: skip
    ratio = least["sha256sum"].cpu / least["verify"].cpu
    benchmark.extra_info["verify_over_sha256sum"] = round(ratio, 2)

    assert ratio >= 0.8


def test_two_jobs_keep_up_with_two_processes(benchmark, project):
    """Two jobs take at most 1.35 of the time of two processes that read half of the arrays each.

    Two processes share nothing, so they are what the machine gives just now, busy or not.
    """
    arrays = sorted(map(str, project.glob("artifacts/**/large-*.bin")))

    least = in_turns(
        benchmark, 6,
        jobs=python(project, "-c", READ, "2", *arrays),
        processes=python(project, "-c", HALVES, READ, *arrays),
        one=python(project, "-c", READ, "1", *arrays),
    )  # fmt: skip
    share = least["jobs"].wall / least["processes"].wall
    benchmark.extra_info["jobs_over_processes"] = round(share, 2)
    benchmark.extra_info["two_jobs_over_one"] = round(least["jobs"].wall / least["one"].wall, 2)

    assert share <= 1.35
