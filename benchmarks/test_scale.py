"""Large pipelines: a thousand stages to compile, three hundred to tell the status of."""

import shutil

import pytest
from stopwatch import DVC, Command, Cost, in_turns, python
from synthetic import fan_out, finish, lay_out


def compiling(root):
    """Return what compiles the project from scratch each time that it is called."""
    command = python(root, "-m", "harness", "compile")

    def from_scratch() -> Cost:
        for folder in ("plan", ".harness/compiled"):
            shutil.rmtree(root / folder, ignore_errors=True)
        for file in ("dvc.yaml", "params.yaml"):
            (root / file).unlink(missing_ok=True)
        return command()

    return from_scratch


def test_compiling_grows_linearly(benchmark, tmp_path):
    """Compiling 1,000 stages takes at most 12 times 100, and less CPU than one `dvc status`.

    The status is that of a pipeline that never ran, which DVC answers sooner than any other.
    """
    small = lay_out(tmp_path / "small" / "project", fan_out(100))
    large = lay_out(tmp_path / "large" / "project", fan_out(1000))
    sides = {"stages_100": compiling(small), "stages_1000": compiling(large)}

    least = in_turns(benchmark, 3, **sides)
    dvc = Command((DVC, "status"), large)()
    growth = least["stages_1000"].cpu / least["stages_100"].cpu
    share = least["stages_1000"].cpu / dvc.cpu
    benchmark.extra_info["growth"] = round(growth, 2)
    benchmark.extra_info["compile_over_dvc_status"] = round(share, 2)

    assert growth <= 12
    assert share < 1


@pytest.fixture
def finished(tmp_path):
    """Give a project of 300 stages, all of them up to date by `dvc commit`."""
    root = lay_out(tmp_path / "project", fan_out(300))
    python(root, "-m", "harness", "compile")()
    finish(root)
    return root


def test_status_takes_half_of_dvc(benchmark, finished):
    """`harness status` on 300 stages up to date takes at most half of `dvc status`."""
    least = in_turns(
        benchmark, 2,
        harness=python(finished, "-m", "harness", "status"),
        dvc=Command((DVC, "status", "--quiet"), finished),  # fails where a stage is stale
    )  # fmt: skip
    ratios = {
        "cpu": least["harness"].cpu / least["dvc"].cpu,
        "wall": least["harness"].wall / least["dvc"].wall,
    }
    benchmark.extra_info["harness_over_dvc"] = {name: round(r, 3) for name, r in ratios.items()}

    assert max(ratios.values()) <= 0.5
