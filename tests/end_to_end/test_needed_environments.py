"""What `harness repro` builds before it starts."""

from pathlib import Path

from harness.reproduction import needed_environments
from harness.stage.planned import PlannedStage

ROOT = Path(__file__).parents[2]


def test_kept_records_need_no_environment(tmp_path):
    """TVM's environment is built to measure, and not where every record is there to be kept."""
    plans = [PlannedStage.read(path) for path in sorted(ROOT.glob("plan/nonn/*.json"))]

    kept = {environment.name for environment in needed_environments(ROOT, plans)}
    anew = {environment.name for environment in needed_environments(tmp_path, plans)}

    assert kept == {"harness", "torch"}
    assert anew == {"harness", "torch", "tvm"}
