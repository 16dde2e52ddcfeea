"""How far a reproduction is, and what it costs."""

import json

import pytest

from harness.costs import load_costs, record_costs
from harness.errors import HarnessError
from harness.stage.costlog import log_path
from harness.stage.progress import Progress, duration
from harness.stage.queue import VARIABLE, take, write_queue


def test_each_stage_says_what_is_left(tmp_path):
    """Stages count up in whatever order they run, and the estimate is that of the rest."""
    path = tmp_path / "queue"
    write_queue(path, [("nonn/a", 60.0), ("nonn/b", 30.0), ("nonn/c", 5.0)])
    shell = {VARIABLE: str(path)}

    said = [take(address, shell) for address in ("nonn/b", "nonn/a", "nonn/c")]

    assert said == [
        " (1 of 3, about 1 min 35 s left)",
        " (2 of 3, about 1 min 05 s left)",
        " (3 of 3, about 5 s left)",
    ]


def test_unknown_duration_gives_no_estimate(tmp_path):
    """Where a stage never ran nothing is estimated; without the harness nothing is said."""
    path = tmp_path / "queue"
    write_queue(path, [("nonn/a", None), ("nonn/b", 30.0)])

    assert take("nonn/a", {VARIABLE: str(path)}) == " (1 of 2)"
    assert take("nonn/a", {}) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (65, "1 min 05 s"), (7800, "2 h 10 min"), (-1, "0 s")],
)
def test_duration_is_for_people(seconds, text):
    """Durations are told in the two largest units."""
    assert duration(seconds) == text


def test_last_unit_is_always_told(tmp_path):
    """The end of a step is told however soon it comes."""
    with (tmp_path / "log").open("w") as stream:
        progress = Progress("nonn/teacher", stream)
        progress(1, 2, "first")
        progress(2, 2, "last")

    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[-1] == "  nonn/teacher: 2/2 last"


def test_costs_are_those_of_each_stage_s_last_run(tmp_path):
    """The record holds the last run of every stage; a line cut short by a kill is passed over."""
    log = log_path(tmp_path, "smoke")
    log.parent.mkdir(parents=True)
    runs = [("nonn/a", 9.0), ("nonn/b", 2.0), ("nonn/a", 3.04)]
    lines = [json.dumps({"stage": s, "seconds": t, "peak_memory_mb": 50}) for s, t in runs]
    log.write_text("\n".join([*lines, '{"stage": "nonn/b", "sec']))

    record_costs(tmp_path, "smoke")

    found = load_costs(tmp_path, "smoke").stages
    assert {name: cost.seconds for name, cost in found.items()} == {"nonn/a": 3.0, "nonn/b": 2.0}
    with pytest.raises(HarnessError, match="no stage of profile paper has run"):
        record_costs(tmp_path, "paper")
