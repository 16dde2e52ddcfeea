"""Running one planned stage: inputs checked, one process a seed, outputs put in place whole.

The standard library alone, since this runs under whatever Python DVC finds.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from harness.environment import Environments
from harness.errors import HarnessError
from harness.stage import scratch
from harness.stage.children import end, start
from harness.stage.digest import dvc_md5
from harness.stage.lock import read_lock
from harness.stage.place import refuse_outside
from harness.stage.planned import PlannedStage
from harness.stage.scratch import Scratch
from harness.stage.variables import UMASK, stage_variables

_POLL = 0.05


@dataclass(frozen=True)
class Launched:
    """Where a finished stage's outputs are staged, seed by seed, and what the run took.

    `key` is the digest of the stage's plan, lock and code. The inputs have no part in it, since
    their bytes may be others on another CPU.
    """

    folders: Mapping[int | None, Path]
    seconds: float
    home: Scratch
    key: str


def check_inputs(root: Path, lock: Path, plan: PlannedStage) -> dict[str, str]:
    """Return the MD5 of every input, having compared it with dvc.lock.

    Raises
    ------
    HarnessError
        An input is missing, or its bytes are not those that dvc.lock vouches for.
    """
    locked = read_lock(lock)
    found = {}
    for name, artifact in plan.inputs.items():
        writer = plan.writers[name]
        actual = dvc_md5(root / artifact.path)
        if actual is None:
            raise HarnessError(
                f"{plan.address}: input '{name}' is missing: {artifact.path}",
                f"make it with `dvc repro {writer}`",
            )
        stage = locked.get(writer)
        expected = stage.outs.get(artifact.path) if stage else None
        if expected != actual:
            raise HarnessError(
                f"{plan.address}: input '{name}' ({artifact.path}) has MD5 {actual}, "
                f"but {lock.name} vouches for {expected} as written by {writer}",
                f"make it anew with `dvc repro --force {writer}`",
            )
        found[name] = actual
    return found


def launch(root: Path, plan_path: Path, lock: Path, keep: Sequence[int] = ()) -> Launched:
    """Run the stage of `plan_path` for each of its seeds and return where the outputs wait.

    Seeds run side by side, one process and one thread each. Finished seeds and checkpoints of an
    equal run that was interrupted are taken up, except those of a measurement: it happens once.

    Parameters
    ----------
    keep
        File descriptors of locks that last as long as any of the processes.
    """
    plan = PlannedStage.read(plan_path)
    for artifact in (*plan.inputs.values(), *plan.outputs.values()):
        refuse_outside(root, artifact.path, plan.address)
    inputs = check_inputs(root, lock, plan)
    python = Environments(root).python(plan.environment)
    key = scratch.run_key(plan, inputs, root)
    home = Scratch.open(root / ".harness" / "scratch", plan, key)
    if plan.measures:
        home.remove()
    seeds: tuple[int | None, ...] = plan.seeds or (None,)
    folders = {seed: home.of_seed(seed) for seed in seeds}
    started = time.monotonic()
    waiting = [seed for seed in seeds if not scratch.is_done(folders[seed])]
    commands = [
        [str(python), "-m", "harness.stage.worker", str(plan_path), str(folders[seed])]
        + ([] if seed is None else [str(seed)])
        for seed in waiting
    ]
    variables = stage_variables(os.environ, plan.environment.variables, root, root / ".harness")
    _run_all(commands, plan, lambda command: start(command, variables, root, UMASK, keep))
    recipe = scratch.run_key(plan, {}, root)
    return Launched(folders, time.monotonic() - started, home, recipe)


def publish(root: Path, plan: PlannedStage, launched: Launched) -> None:
    """Move the staged outputs of every seed into place."""
    for name, artifact in plan.outputs.items():
        if artifact.seeds and (root / artifact.path).is_dir():
            shutil.rmtree(root / artifact.path)
        for seed, path in artifact.paths().items():
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            staged = scratch.staging(launched.folders[seed]) / name / place.name
            os.replace(staged, place)


def _run_all(
    commands: list[list[str]],
    plan: PlannedStage,
    begin: Callable[[list[str]], subprocess.Popen[bytes]],
) -> None:
    running: list[subprocess.Popen[bytes]] = []
    waiting = list(commands)
    try:
        while waiting or running:
            while waiting and len(running) < len(os.sched_getaffinity(0)):
                running.append(begin(waiting.pop(0)))
            for process in [process for process in running if process.poll() is not None]:
                running.remove(process)
                if process.returncode:
                    folder = Path(cast("list[str]", process.args)[4])
                    raise HarnessError(_reason(plan, process.returncode, folder))
            time.sleep(_POLL)
    finally:
        end(running)


def _reason(plan: PlannedStage, status: int, folder: Path) -> str:
    refusal = scratch.refusal(folder)
    if refusal.exists():
        said = refusal.read_text(encoding="utf-8")
        refusal.unlink()
        return f"{plan.address}: {said}"
    if status < 0:
        name = signal.Signals(-status).name
        hint = "; the machine may be out of memory" if status == -signal.SIGKILL else ""
        return f"{plan.address}: its process was ended by {name}{hint}"
    return f"{plan.address}: failed with exit status {status}"
