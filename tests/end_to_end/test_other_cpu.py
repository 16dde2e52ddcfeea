"""A stage of class `fingerprint` on another CPU than the one that is on record."""

import json
import shutil
from dataclasses import replace

import pytest

from harness.stage.filerecord import FileRecord

TABLE = "results/smoke/toy/totals.csv"


@pytest.fixture(scope="module")
def tolerant(finished, tmp_path_factory):
    """Give the project with an environment whose bytes depend on the CPU, reproduced anew."""
    root = tmp_path_factory.mktemp("tolerant") / "project"
    shutil.copytree(finished.root, root, symlinks=True)
    (root.parent / "home").mkdir()
    toy = replace(finished, root=root)
    tolerance = "equality: fingerprint\ntolerance: 1.0e-5"
    toy.edit("specs/environment/harness.yaml", "equality: bytes", tolerance)
    toy.harness("compile", check=0)
    toy.harness("repro", check=0)
    toy.commit()
    return toy


@pytest.fixture
def recorded_elsewhere(tolerant, tmp_path):
    """Give a function that records and commits another total, as if from another CPU."""
    root = tmp_path / "project"
    shutil.copytree(tolerant.root, root, symlinks=True)
    (tmp_path / "home").mkdir()
    toy = replace(tolerant, root=root)

    def record(factor):
        table = root / TABLE
        *start, total = table.read_text().rstrip("\n").rpartition(",")
        table.write_text(f"{''.join(start)}{float(total) * factor!r}\n")
        manifest = json.loads((root / "manifest.json").read_text())
        for entry in manifest.values():
            entry["cpu"] = "another"
            if TABLE in entry["files"]:
                entry["files"][TABLE] = FileRecord.of(table).as_json()
        (root / "manifest.json").write_text(json.dumps(manifest, sort_keys=True, indent=1) + "\n")
        toy.commit()
        return toy

    return record


def test_recorded_results_are_kept_when_this_cpu_is_close(recorded_elsewhere):
    """Within the tolerance the run is good, the record stays, and this CPU's files lie aside."""
    toy = recorded_elsewhere(1 + 1e-7)
    recorded = (toy.root / TABLE).read_bytes()

    done = toy.harness("repro", check=0)

    assert "toy/table-totals: within tolerance, other CPU: tolerance 1e-05" in done.stdout
    assert "the recorded results were kept; this CPU's are in .harness/other-cpu" in done.stdout
    assert toy.git("status", "--porcelain") == ""
    assert (toy.root / TABLE).read_bytes() == recorded
    assert (toy.root / ".harness/other-cpu/smoke" / TABLE).read_bytes() != recorded


def test_other_numbers_are_different_on_any_cpu(recorded_elsewhere):
    """Beyond the tolerance the run fails with the cell, and shows what it made."""
    toy = recorded_elsewhere(1.01)

    done = toy.harness("repro", check=1)

    assert f"toy/table-totals: different: {TABLE}: row 1, total: " in done.stdout
    assert toy.git("status", "--porcelain") != ""
