"""Making a stage's outputs anew, so that they come out with the bytes on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.compiler.target import Target
from harness.errors import HarnessError
from harness.formats.atomic import write_bytes
from harness.repro import remake
from harness.stage.failure import failures
from harness.stage.manifest import read_manifest
from harness.stage.scratch import run_key
from harness.verification.record import StageRecord


@dataclass(frozen=True)
class Remaking:
    """Runs stages anew through DVC.

    Parameters
    ----------
    descriptors
        Of the lock on the project, which DVC shall hold too.
    """

    target: Target
    descriptors: Sequence[int]

    def check(self, record: StageRecord) -> None:
        """Raise HarnessError when a run cannot give the bytes on record, and say why."""
        address = record.plan.address
        if record.entry is None:
            raise HarnessError(f"{address} is not on record", "run `harness repro`")
        if record.plan.measures:
            raise HarnessError(
                f"{address} measures, and a measurement repeats no bytes",
                f"bring its record back from git, or run `harness measure {address}`",
            )
        try:
            key = run_key(record.plan, {}, self.target.project.root)
        except OSError as error:
            raise HarnessError(f"{address}: {error}", "bring its code back from git") from error
        if key != record.entry.key:
            raise HarnessError(
                f"the spec, code or environment of {address} changed after it was recorded",
                "run `harness repro`, or bring them back",
            )

    def run(self, record: StageRecord) -> None:
        """Run a stage anew; HarnessError says why it failed.

        Other bytes than those on record do not enter the record: it is put back.
        """
        plan, manifest = record.plan, self.target.path / "manifest.json"
        kept = {path: path.read_bytes() for path in (manifest, self.target.lock) if path.exists()}
        status = remake(self.target, plan.dvc_name, self.descriptors)
        entry = read_manifest(manifest).get(plan.dvc_name)
        other = entry is None or record.entry is None or entry.digests != record.entry.digests
        if other:
            for path, content in kept.items():
                write_bytes(path, content)
        if status:
            why = failures(self.target.project.root, plan.profile).get(plan.address)
            raise HarnessError(
                f"{plan.address} failed: {why or f'dvc repro ended with status {status}'}",
                "mend that and repair again",
            )
        if other:
            raise HarnessError(
                f"{plan.address} ran and gave other bytes than are on record",
                "`harness repro` judges them",
            )
