"""Running stages on an emulated CPU and comparing what they write with the manifest."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen

from harness.compiler.target import Target
from harness.costs import Cost
from harness.devices.platform import describe
from harness.environment import Environments
from harness.errors import HarnessError, UsageError
from harness.rerun.emulator import Emulator
from harness.rerun.evidence import EmulatedFile, EmulatedStage
from harness.stage import children, scratch
from harness.stage.digest import file_digest, files_of
from harness.stage.launch import check_inputs
from harness.stage.manifest import Entry
from harness.stage.planned import PlannedStage
from harness.stage.scratch import Scratch
from harness.stage.variables import UMASK, stage_variables

_POLL = 0.2
_LOG_LINES = 10
# The emulator warns of each feature that it lacks, in each process: that goes to a file.
_TO_LOG = 'exec "$@" 2>>"$0"'


@dataclass(frozen=True)
class Emulation:
    """One stage on one emulated CPU, all its seeds, below a folder that outlives a kill."""

    cpu: str
    plan: PlannedStage
    home: Scratch

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.plan.address} on {self.cpu}"

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds; None for a stage that runs once."""
        return self.plan.seeds or (None,)


def choose_stages(
    plans: Sequence[PlannedStage], costs: Mapping[str, Cost], words: Sequence[str]
) -> list[PlannedStage]:
    """Return the stages that `words` name, or those that say most for the least time.

    Without words these are, for every environment whose class is `bytes`, the cheapest stage and
    the cheapest one that trains: that writes weights.

    Raises
    ------
    UsageError
        A word names no stage, or one that measures.
    """
    able = [plan for plan in plans if not plan.measures]
    if words:
        by_name = {name: plan for plan in able for name in (plan.address, plan.dvc_name)}
        for word in words:
            if word not in by_name:
                known = ", ".join(plan.address for plan in able)
                raise UsageError(
                    f"--stages {word}: no stage that can be emulated; they are {known}"
                )
        return list({by_name[word].address: by_name[word] for word in words}.values())
    chosen: dict[str, PlannedStage] = {}
    for name in dict.fromkeys(plan.environment.name for plan in able):
        members = [p for p in able if p.environment.name == name]
        if members[0].environment.equality != "bytes":
            continue
        trained = [p for p in members if any(o.kind == "weights" for o in p.outputs.values())]
        for group in filter(None, (members, trained)):
            cheapest = min(group, key=lambda p: _seconds(p, costs))
            chosen[cheapest.address] = cheapest
    return list(chosen.values())


def _seconds(plan: PlannedStage, costs: Mapping[str, Cost]) -> float:
    cost = costs.get(plan.address)
    return cost.seconds if cost else float("inf")


@dataclass(frozen=True)
class Emulating:
    """Emulates stages of a target with the inputs that lie there, once they are verified."""

    target: Target
    emulator: Emulator

    def run(
        self,
        cpus: Sequence[str],
        plans: Sequence[PlannedStage],
        manifest: Mapping[str, Entry],
        jobs: int,
    ) -> Iterator[tuple[str, PlannedStage, EmulatedStage]]:
        """Yield what each stage came to on each CPU, as they end.

        Parameters
        ----------
        jobs
            How many processes run at a time.

        Raises
        ------
        HarnessError
            An input is not as dvc.lock has it, or a stage fails on an emulated CPU.
        """
        emulations = [self._prepare(cpu, plan) for plan in plans for cpu in cpus]
        waiting = [(one, seed) for one in emulations for seed in one.seeds
                   if not scratch.is_done(one.home.of_seed(seed))]  # fmt: skip
        left = {one.label: sum(other is one for other, _ in waiting) for one in emulations}
        took = dict.fromkeys(left, 0.0)
        running: dict[Popen[bytes], tuple[Emulation, int | None, float]] = {}
        for one in emulations:
            if not left[one.label]:
                yield one.cpu, one.plan, self._finish(one, 0.0, manifest)
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    one, seed = waiting.pop(0)
                    running[self._start(one, seed)] = (one, seed, time.monotonic())
                for process in [process for process in running if process.poll() is not None]:
                    one, seed, started = running.pop(process)
                    _check_ended(one, seed, process.returncode)
                    took[one.label] += time.monotonic() - started
                    left[one.label] -= 1
                    if not left[one.label]:
                        yield one.cpu, one.plan, self._finish(one, took[one.label], manifest)
                time.sleep(_POLL)
        finally:
            children.end(list(running))

    def _prepare(self, cpu: str, plan: PlannedStage) -> Emulation:
        root = self.target.project.root
        inputs = check_inputs(root, self.target.lock, plan)
        # Apart by the emulator too: what another version left half done is not gone on with.
        version = hashlib.sha256(self.emulator.version.encode()).hexdigest()[:8]
        folder = self.target.project.state / "emulated" / f"{cpu}-{version}"
        key = scratch.run_key(plan, inputs, root)
        return Emulation(cpu, plan, Scratch.open(folder, plan, key))

    def _start(self, one: Emulation, seed: int | None) -> Popen[bytes]:
        root = self.target.project.root
        python = Environments(root).python(one.plan.environment)
        path = self.target.plans / one.plan.paper / f"{one.plan.stage}.json"
        folder = one.home.of_seed(seed)
        folder.mkdir(parents=True, exist_ok=True)
        worker = [str(python), "-m", "harness.stage.worker", str(path), str(folder)]
        command = self.emulator.command(one.cpu, worker + ([] if seed is None else [str(seed)]))
        variables = stage_variables(
            os.environ, one.plan.environment.variables, root, self.target.project.state
        )
        return children.start(["sh", "-c", _TO_LOG, str(_log(folder)), *command], variables, root,
                              UMASK)  # fmt: skip

    def _finish(
        self, one: Emulation, seconds: float, manifest: Mapping[str, Entry]
    ) -> EmulatedStage:
        root, plan = self.target.project.root, one.plan
        entry = manifest.get(plan.dvc_name)
        known = entry.digests if entry else {}
        files = {
            path: EmulatedFile(sha256=sha256, equal=known.get(path) == sha256)
            for path, sha256 in _made(one)
        }
        one.home.remove()
        host = describe()
        return EmulatedStage(
            date=datetime.now(UTC).date().isoformat(),
            emulator=self.emulator.version,
            host_cpu=host.cpu,
            host_fingerprint=host.fingerprint,
            environment=plan.environment.name,
            lock=file_digest(root / plan.environment.lock, "sha256"),
            key=scratch.run_key(plan, {}, root),
            seconds=round(seconds, 1),
            files=files,
        )


def _made(one: Emulation) -> Iterator[tuple[str, str]]:
    """Yield each file that was made, under its path in the project, with its SHA-256."""
    for name, artifact in one.plan.outputs.items():
        for seed, path in artifact.paths().items():
            staged = scratch.staging(one.home.of_seed(seed)) / name / Path(path).name
            for file in files_of(staged):
                inside = file.relative_to(staged).as_posix()
                yield (path if inside == "." else f"{path}/{inside}"), file_digest(file, "sha256")


def _log(folder: Path) -> Path:
    return folder / "emulated.log"


def _check_ended(one: Emulation, seed: int | None, status: int) -> None:
    if not status:
        return
    folder = one.home.of_seed(seed)
    refusal = scratch.refusal(folder)
    path = refusal if refusal.exists() else _log(folder)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    told = [line for line in lines if "TCG doesn't support" not in line]
    raise HarnessError(
        f"{one.label}: ended with status {status}:\n" + "\n".join(told[-_LOG_LINES:]),
        f"all that it printed is in {_log(folder)}",
    )
