"""What the plan of a measuring stage says of its device."""

import json

import pytest
import yaml

RACK = """\
device: host
says: A rack
kind: tvm_rpc
servers: [{address: 10.0.0.1, port: 9090}]
target: {kind: llvm}
tuning: tuning/rack.json
warm_up: 1
samples: 3
tolerance: 0.5
deadline_ms: 100
link: {latency_ms: 1, bandwidth_mbit: 10}
"""


@pytest.fixture
def plan(sources):
    """Give the plan of the toy's measuring stage, on a rack with a tuning."""
    (sources.root / "specs/device/host.yaml").write_text(RACK)
    (sources.root / "tuning").mkdir()
    (sources.root / "tuning/rack.json").write_text("{}")
    sources.compile()
    return json.loads((sources.root / "plan/toy/speed.json").read_text())


def test_plan_carries_the_whole_device(plan):
    """The step's process gets what the spec says, key by key."""
    assert plan["device"] == yaml.safe_load(RACK)


def test_only_a_stage_with_a_device_depends_on_its_model(sources, plan):
    """A new kind of device retrains nothing."""
    total = json.loads((sources.root / "plan/toy/total.json").read_text())

    assert "harness/spec/device.py" in plan["code"]
    assert "harness/spec/device.py" not in total["code"]


def test_stage_depends_on_the_tuning_of_its_device(sources, plan):
    """Another tuning is another stage: it counts like code, for DVC as for the harness."""
    stages = yaml.safe_load((sources.root / "dvc.yaml").read_text())["stages"]

    assert "tuning/rack.json" in plan["code"]
    assert "tuning/rack.json" in stages["toy-speed"]["deps"]
    assert "tuning/rack.json" not in stages["toy-total"]["deps"]
