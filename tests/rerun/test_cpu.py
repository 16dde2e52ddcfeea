"""Evidence of emulated CPUs: made, merged, compared with the present results."""

import json

import pytest

from harness.compiler.target import Target
from harness.costs import Cost
from harness.errors import HarnessError, UsageError
from harness.project import Project
from harness.rerun import evidence
from harness.rerun.emulation import choose_stages
from harness.rerun.emulator import Emulator
from harness.rerun.evidence import CpuEvidence, EmulatedFile, EmulatedStage
from harness.stage.digest import file_digest
from harness.stage.manifest import read_manifest
from harness.status import planned_stages


def stage(root, name, **changes):
    """Return evidence of a toy's stage as if it had been emulated and was equal."""
    entry = read_manifest(root / "manifest.json")[name]
    values = {
        "date": "2026-01-02", "emulator": "qemu 1", "host_cpu": "a CPU", "host_fingerprint": "f",
        "environment": "harness", "key": entry.key, "seconds": 1.5,
        "lock": file_digest(root / "environments" / "harness.txt", "sha256"),
        "files": {path: EmulatedFile(sha256=digest, equal=True)
                  for path, digest in entry.digests.items()},
    }  # fmt: skip
    return EmulatedStage(**{**values, **changes})


def record(stages, cpu="Haswell"):
    """Return a record of a CPU."""
    return CpuEvidence(cpu=cpu, vendor="Intel", family="0x6", model="0x3c", features=["AVX2"],
                       fingerprint="0" * 16, stages=stages)  # fmt: skip


def test_new_evidence_leaves_that_of_other_stages(finished, tmp_path):
    """A new run replaces the evidence of its own stages and keeps all other."""
    old, new = stage(finished.root, "toy-total"), stage(finished.root, "toy-total", seconds=9.0)
    numbers = stage(finished.root, "toy-numbers")

    evidence.add(tmp_path, record({"smoke/toy/total": old, "smoke/toy/numbers": numbers}))
    path = evidence.add(tmp_path, record({"smoke/toy/total": new}))

    assert evidence.read(path).stages == {"smoke/toy/total": new, "smoke/toy/numbers": numbers}
    assert path == tmp_path / "evidence" / "cpu" / "Haswell.json"


def test_damaged_record_is_refused_and_kept(tmp_path):
    """A record that cannot be read is neither passed over nor overwritten."""
    path = tmp_path / "evidence" / "cpu" / "Haswell.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")

    with pytest.raises(HarnessError, match="no record of evidence") as refused:
        evidence.add(tmp_path, record({}))
    assert refused.value.remedy.startswith("restore it with `git checkout -- ")
    assert path.read_text() == "{"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "holds"),
        ({"key": "another"}, "holds, by an earlier state of its spec or code, with these bytes"),
        ({"lock": "0" * 64}, "stale: the lock of environment 'harness' is another now"),
        ({"environment": "gone"}, "stale: the lock of environment 'gone' is another now"),
        ({"files": {}}, "different: artifacts/smoke/toy/total/rows.csv"),
    ],
)
def test_evidence_is_compared_with_the_present_manifest(toy, changes, said):
    """Evidence holds while lock and bytes are those of the manifest, else it says why."""
    evidence.add(toy.root, record({"smoke/toy/total": stage(toy.root, "toy-total", **changes)}))

    status = int(not said.startswith("holds"))
    done = toy.harness("verify", "--vary", "cpu", "--check", check=status)

    assert done.stdout == f"Haswell: smoke/toy/total: {said}\n"


def test_no_evidence_is_no_proof(toy):
    """Without any evidence the check fails and says how to make some."""
    done = toy.harness("verify", "--vary", "cpu", "--check", check=1)

    assert "harness verify --rerun --vary cpu" in done.stderr


def test_cheapest_stages_are_chosen(finished):
    """By default each environment's cheapest stage is emulated, and none that measures."""
    plans = planned_stages(Target(Project(finished.root)))
    costs = {"toy/total": Cost(seconds=0.1, peak_memory_mb=1),
             "toy/numbers": Cost(seconds=5.0, peak_memory_mb=1),
             "toy/speed": Cost(seconds=0.0, peak_memory_mb=1)}  # fmt: skip

    assert [plan.address for plan in choose_stages(plans, costs, [])] == ["toy/total"]
    assert [plan.address for plan in choose_stages(plans, costs, ["toy/numbers"])] == [
        "toy/numbers"
    ]
    with pytest.raises(UsageError, match="--stages toy/speed: no stage that can be emulated"):
        choose_stages(plans, costs, ["toy/speed"])


def emulator_or_refusal(toy):
    """Return the emulator; without one, see that the command says so, and skip."""
    try:
        return Emulator.find()
    except HarnessError:
        done = toy.harness("verify", "--vary", "cpu", check=1)
        assert "--vary cpu cannot be had here: neither qemu-x86_64-static" in done.stderr
        pytest.skip("no emulator is installed")


def test_stage_gives_its_bytes_on_an_emulated_cpu(toy):
    """A stage runs on another CPU with its recorded bytes, and the record names that CPU."""
    emulator = emulator_or_refusal(toy)

    done = toy.harness("verify", "--json", "--vary", "cpu=EPYC-Milan", "--stages", "toy/total",
                       check=0)  # fmt: skip

    (said,) = json.loads(done.stdout)
    kept = evidence.read(toy.root / "evidence" / "cpu" / "EPYC-Milan.json")
    made = kept.stages["smoke/toy/total"]
    assert said["stage"] == "toy/total"
    assert made.equal
    assert (kept.vendor, made.emulator) == ("AMD", emulator.version)
    assert "AVX2" in kept.features
    assert not [name for name in kept.features if name.startswith("AVX512")]
    assert not list((toy.root / ".harness" / "emulated").rglob("staging"))


def test_other_bytes_on_an_emulated_cpu_are_different(toy):
    """Bytes that the manifest does not have are told, and kept as evidence against."""
    emulator_or_refusal(toy)
    path = toy.root / "manifest.json"
    entry = read_manifest(path)["toy-total"].digests
    (digest,) = entry.values()
    path.write_text(path.read_text().replace(digest, "0" * 64))

    toy.harness("verify", "--vary", "cpu=Haswell", "--stages", "toy/total", check=1)

    kept = evidence.read(toy.root / "evidence" / "cpu" / "Haswell.json")
    assert not kept.stages["smoke/toy/total"].equal


def test_unknown_cpu_is_refused(toy):
    """A CPU that the emulator does not know is refused with those that it knows."""
    emulator_or_refusal(toy)

    assert "EPYC-Milan" in toy.harness("verify", "--vary", "cpu=Z80", check=2).stderr


def test_emulator_is_looked_for_on_the_path(monkeypatch, tmp_path):
    """Without an emulator on PATH it is said what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(HarnessError, match="cannot be had here"):
        Emulator.find()
