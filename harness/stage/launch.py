"""Running one planned stage: inputs checked, one process a seed, outputs put in place whole.

The standard library alone, since this runs under whatever Python DVC finds.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from harness.environment import Environments
from harness.errors import HarnessError
from harness.stage import scratch
from harness.stage.digest import dvc_md5
from harness.stage.lock import read_lock
from harness.stage.planned import PlannedStage
from harness.stage.scratch import Scratch
from harness.stage.variables import UMASK, stage_variables

_POLL = 0.05
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


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


def launch(root: Path, plan_path: Path, lock: Path) -> Launched:
    """Run the stage of `plan_path` for each of its seeds and return where the outputs wait.

    Seeds run side by side, one process and one thread each. Finished seeds and checkpoints of an
    equal run that was interrupted are taken up.
    """
    plan = PlannedStage.read(plan_path)
    inputs = check_inputs(root, lock, plan)
    python = Environments(root).python(plan.environment)
    key = scratch.run_key(plan, inputs, root)
    home = Scratch.open(root / ".harness" / "scratch", plan, key)
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
    _run_all(commands, variables, root, plan)
    recipe = scratch.run_key(plan, {}, root)
    return Launched(folders, time.monotonic() - started, home, recipe)


def publish(root: Path, plan: PlannedStage, launched: Launched) -> None:
    """Move the staged outputs of every seed into place and forget the scratch folder."""
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
    launched.home.remove()


def _run_all(
    commands: list[list[str]], variables: dict[str, str], root: Path, plan: PlannedStage
) -> None:
    running: list[subprocess.Popen[bytes]] = []
    waiting = list(commands)
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        while waiting or running:
            while waiting and len(running) < len(os.sched_getaffinity(0)):
                running.append(_start(waiting.pop(0), variables, root))
            for process in [process for process in running if process.poll() is not None]:
                running.remove(process)
                if process.returncode:
                    folder = Path(cast("list[str]", process.args)[4])
                    raise HarnessError(_reason(plan, process.returncode, folder))
            time.sleep(_POLL)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
        signal.signal(signal.SIGTERM, previous)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _start(command: list[str], variables: dict[str, str], root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=variables,
        cwd=root,
        stdin=subprocess.DEVNULL,
        umask=UMASK,
        # The launcher has no threads, so the callback is safe.
        preexec_fn=_end_with_launcher if sys.platform == "linux" else None,  # noqa: PLW1509
    )


def _end_with_launcher() -> None:
    # A killed launcher must not leave a worker behind that goes on writing.
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


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
