"""`harness verify --rerun --vary cpu`: stages on emulated CPUs, and the evidence of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from harness.compiler.target import Target
from harness.costs import read_costs
from harness.environment import HARNESS, Environments
from harness.errors import HarnessError, UsageError
from harness.project import Project
from harness.rerun import evidence
from harness.rerun.emulation import Emulating, choose_stages
from harness.rerun.emulator import CPUS, Emulator, SeenCpu
from harness.rerun.evidence import CpuEvidence, EmulatedStage
from harness.stage.manifest import read_manifest
from harness.stage.planned import PlannedStage
from harness.stage.progress import duration
from harness.status import planned_stages


def run(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    """Emulate, or check the evidence; 1 when any byte is another or any evidence is stale."""
    if arguments.jobs < 1:
        raise UsageError(f"--jobs {arguments.jobs}: at least 1")
    target = Target.of_profile(Project.find(), arguments.profile)
    plans = planned_stages(target)
    if arguments.check:
        return _check(target, plans[0].profile, as_json=arguments.json)
    emulator = Emulator.find()
    cpus = _cpus(words, emulator)
    chosen = _chosen(target, plans, arguments)
    root = target.project.root
    python = Environments(root).python(HARNESS)
    seen = {cpu: emulator.see(cpu, python) for cpu in cpus}
    manifest = read_manifest(target.path / "manifest.json")
    done: list[tuple[str, str, EmulatedStage]] = []
    for cpu, plan, stage in Emulating(target, emulator).run(cpus, chosen, manifest, arguments.jobs):
        name = f"{plan.profile}/{plan.address}"
        # At once, since a later stage may take hours or fail.
        evidence.add(root, _record(cpu, seen[cpu], name, stage))
        done.append((cpu, plan.address, stage))
        if not arguments.json:
            _print(cpu, plan.address, stage)
    if arguments.json:
        said = [{"cpu": cpu, "stage": stage, **one.model_dump(mode="json")}
                for cpu, stage, one in done]  # fmt: skip
        print(json.dumps(said, indent=1))
    else:
        print(f"the evidence is in {evidence.FOLDER}/; commit it")
    return int(not all(one.equal for _, _, one in done))


def _cpus(words: Sequence[str], emulator: Emulator) -> list[str]:
    chosen = [word.partition("=")[2] for word in words if "=" in word] or list(CPUS)
    for cpu in chosen:
        emulator.check(cpu)
    return list(dict.fromkeys(chosen))


def _chosen(
    target: Target, plans: Sequence[PlannedStage], arguments: argparse.Namespace
) -> list[PlannedStage]:
    of_paper = [plan for plan in plans if arguments.rerun in ("", plan.paper)]
    if not of_paper:
        known = ", ".join(dict.fromkeys(plan.paper for plan in plans))
        raise UsageError(f"--rerun {arguments.rerun}: no such paper; they are {known}")
    costs = read_costs(target.project.root, plans[0].profile)
    return choose_stages(of_paper, costs, arguments.stages or [])


def _record(cpu: str, seen: SeenCpu, name: str, stage: EmulatedStage) -> CpuEvidence:
    return CpuEvidence(
        cpu=cpu,
        vendor=seen.vendor,
        family=seen.family,
        model=seen.model,
        features=list(seen.features),
        fingerprint=seen.fingerprint,
        stages={name: stage},
    )


def _print(cpu: str, address: str, stage: EmulatedStage) -> None:
    word = "exact" if stage.equal else "different"
    took = duration(stage.seconds)
    print(f"{cpu}: {address}: {word}, {len(stage.files)} files, {took}", flush=True)
    for path, file in stage.files.items():
        if not file.equal:
            print(f"  {path}: {file.sha256}, which the manifest does not have")


def _check(target: Target, profile: str, *, as_json: bool) -> int:
    root = target.project.root
    records = evidence.read_all(root)
    manifest = read_manifest(target.path / "manifest.json")
    found = list(evidence.standings(root, records, profile, manifest))
    if as_json:
        print(json.dumps([evidence.as_json(one) for one in found], indent=1))
    for one in () if as_json else found:
        remark = f", {one.remark}" if one.remark else ""
        print(f"{one.cpu}: {one.stage}: {one.reason or f'holds{remark}'}")
    if not found:
        raise HarnessError(
            f"{evidence.FOLDER}/: no evidence of profile {profile}",
            "make some with `harness verify --rerun --vary cpu`",
        )
    return int(any(one.reason for one in found))
