"""Outputs that DVC took from its run cache: no process of ours ran, so none entered them."""

from __future__ import annotations

from harness.compiler.target import Target
from harness.devices.platform import cpu_fingerprint
from harness.stage.manifest import read_manifest, record_outputs
from harness.stage.measurement import enter_record
from harness.stage.planned import PlannedStage
from harness.stage.scratch import run_key
from harness.status import stage_statuses


def enter_restored(target: Target, plans: list[PlannedStage]) -> list[str]:
    """Enter restored outputs into the manifest; return their stages' addresses.

    DVC restores a stage when its spec and code go back to what they were in an earlier run. The
    manifest then holds the entry of the last run, made from another spec or from other inputs.
    An output that is not as dvc.lock has it is left alone, and so is one with other bytes than
    its entry while nothing changed: that one is different. A measurement's record is entered
    only where the manifest lacks it, as after the manifest was deleted.

    Parameters
    ----------
    target
        The project, or a folder beside it.
    plans
        Its stages, each after those that it reads.
    """
    root, manifest = target.project.root, target.path / "manifest.json"
    recorded = read_manifest(manifest)
    stale = {status.name for status in stage_statuses(target) if status.stale}
    restored: dict[str, str] = {}
    for plan in plans:
        entry = recorded.get(plan.dvc_name)
        if plan.dvc_name in stale or (plan.measures and entry is not None):
            continue
        if plan.measures:
            enter_record(manifest, root, plan)
            continue
        key = run_key(plan, {}, root)
        reads_restored = any(writer in restored for writer in plan.writers.values())
        if entry is None or entry.key != key or reads_restored:
            record_outputs(manifest, root, plan, cpu_fingerprint(), key)
            restored[plan.dvc_name] = plan.address
    return list(restored.values())
