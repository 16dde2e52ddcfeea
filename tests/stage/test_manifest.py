"""The manifest beside dvc.lock."""

import json

import pytest

from harness.errors import HarnessError
from harness.stage.manifest import forget_others, read_manifest, record_outputs
from harness.stage.planned import Artifact, PlannedEnvironment, PlannedStage


@pytest.fixture
def plan(tmp_path):
    """Give a stage with one output file, which exists."""
    (tmp_path / "out.csv").write_text("a\n1\n")
    environment = PlannedEnvironment("harness", "lock", "3.11", "bytes")
    return PlannedStage(
        profile="smoke", paper="toy", stage="total", step="toy.add", run="a:b",
        environment=environment, inputs={}, outputs={"rows": Artifact("rows", "out.csv")},
        params={},
    )  # fmt: skip


def test_equal_bytes_leave_the_file_alone(tmp_path, plan):
    """A rerun with equal bytes on another CPU does not change a byte of the manifest."""
    path = tmp_path / "manifest.json"
    record_outputs(path, tmp_path, plan, "cpu-a", "key")
    before = path.read_bytes()

    record_outputs(path, tmp_path, plan, "cpu-b", "key")

    assert path.read_bytes() == before
    assert read_manifest(path)["toy-total"].cpu == "cpu-a"


def test_other_bytes_are_entered_with_the_cpu_that_made_them(tmp_path, plan):
    """New bytes replace the entry, with their own CPU."""
    path = tmp_path / "manifest.json"
    record_outputs(path, tmp_path, plan, "cpu-a", "key")
    (tmp_path / "out.csv").write_text("a\n2\n")

    record_outputs(path, tmp_path, plan, "cpu-b", "key")

    assert read_manifest(path)["toy-total"].cpu == "cpu-b"


def test_stages_that_are_no_more_are_forgotten(tmp_path, plan):
    """Only the entries of existing stages stay."""
    path = tmp_path / "manifest.json"
    record_outputs(path, tmp_path, plan, "cpu-a", "key")

    forget_others(path, {"toy-other"})

    assert read_manifest(path) == {}


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"a": {"cpu": "x"}})])
def test_damaged_manifest_is_refused_with_the_way_back(tmp_path, content):
    """A manifest that is not one is refused by name, with what to do."""
    path = tmp_path / "manifest.json"
    path.write_text(content)

    with pytest.raises(HarnessError, match=r"manifest\.json: damaged") as caught:
        read_manifest(path)

    assert "git checkout" in caught.value.remedy
