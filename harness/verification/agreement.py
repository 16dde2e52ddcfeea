"""Whether the manifest and dvc.lock speak of the same bytes, and which of them is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.stage.scratch import run_key
from harness.verification.finding import Finding
from harness.verification.output import Output
from harness.verification.reading import Inode, Read
from harness.verification.record import StageRecord

_ENTER = "`harness repro` enters it"
_RUN = "run `harness repro`"


@dataclass
class Agreement:
    """Compares dvc.lock with the manifest, stage by stage in running order.

    Parameters
    ----------
    reads
        What was read of each file.
    unrecorded
        The outputs that are as dvc.lock has them and of which the manifest holds another run:
        their paths, filled by `findings`.
    """

    root: Path
    reads: Mapping[Inode, Read]
    unrecorded: set[str] = field(default_factory=set)
    _restored: set[str] = field(default_factory=set)

    def findings(self, record: StageRecord, outputs: Sequence[Output]) -> Iterator[Finding]:
        """Yield where the two differ on a stage."""
        name, plan = record.plan.dvc_name, record.plan
        if record.locked is None:
            known = record.entry is not None
            detail = "manifest.json has it" if known else "it has never run"
            yield Finding(
                "dvc.lock", name, "disagreement" if known else "never run",
                f"not in dvc.lock; {detail}", (plan.address,), record.built_on_it, _RUN,
            )  # fmt: skip
            return
        for path in record.homeless():
            detail = f"manifest.json has it as a file of {plan.address}, which has no such output"
            yield Finding("manifest", path, "disagreement", detail, (plan.address,), (), _RUN)
        if record.entry is None:
            yield Finding(
                "manifest", name, "unrecorded", "not in manifest.json: nothing vouches for it",
                (plan.address,), record.built_on_it, _ENTER,
            )  # fmt: skip
        for output in outputs:
            if not output.agrees:
                yield from self._output(output)

    def _output(self, output: Output) -> Iterator[Finding]:
        path, locked = output.artifact.path, output.record.locked_md5(output.artifact)
        as_locked = locked is not None and output.md5(self.reads) == locked
        if as_locked and (output.record.entry is None or self._is_of_another_run(output.record)):
            self.unrecorded.add(path)
            self._restored.add(output.record.plan.dvc_name)
            if output.record.entry is not None:
                detail = (
                    "it is as dvc.lock has it, and the manifest has that of another run: "
                    "`dvc repro` restored it, or ran without the harness beside it"
                )
                yield output.finding(path, ("unrecorded", detail, _ENTER), "manifest")
            return
        if output.record.entry is None:
            yield output.finding(path, ("corrupt", f"its MD5 is not dvc.lock's {locked}", _RUN))
            return
        detail = f"dvc.lock has MD5 {locked}, which is not that of what manifest.json has"
        if as_locked:
            detail += "; it was changed together with dvc.lock"
        yield output.finding(path, ("disagreement", detail), "dvc.lock")

    def _is_of_another_run(self, record: StageRecord) -> bool:
        """Whether the entry was made from another spec, other code or other inputs."""
        if record.plan.measures or record.entry is None:
            return False
        if any(writer in self._restored for writer in record.plan.writers.values()):
            return True
        try:
            return run_key(record.plan, {}, self.root) != record.entry.key
        except OSError:
            return True  # a file of its code is gone, so it is not what it was


def forgotten(names: Sequence[str]) -> Iterator[Finding]:
    """Yield the entries of the manifest that no stage has."""
    for name in names:
        detail = "manifest.json has an entry for it, and there is no such stage"
        yield Finding("manifest", name, "disagreement", detail, (), (), _RUN)
