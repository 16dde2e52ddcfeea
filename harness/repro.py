"""Running what is stale through plain `dvc repro`."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.compiler.target import Target
from harness.costs import read_costs
from harness.errors import HarnessError, UsageError
from harness.fault import way_back
from harness.spec.problem import near
from harness.stage import children, hold
from harness.stage.costlog import read_log
from harness.stage.failure import failures
from harness.stage.leftovers import mend_lock
from harness.stage.planned import PlannedStage
from harness.stage.progress import duration
from harness.stage.queue import VARIABLE, any_begun, write_queue
from harness.status import StageStatus
from harness.unversioned import tell_dvc

# Where the locale is C and this mode is off, DVC cannot write a path with other letters.
_UTF8 = {"PYTHONUTF8": "1"}


@dataclass(frozen=True)
class Reproduction:
    """What a run of DVC came to: its exit status, and why stages failed, by address."""

    status: int
    failed: Mapping[str, str]


def expected_seconds(target: Target, plans: list[PlannedStage]) -> dict[str, float]:
    """Return what each stage took when it last ran here, or else when its cost was recorded."""
    root, profile = target.project.root, plans[0].profile
    recorded = {address: cost.seconds for address, cost in read_costs(root, profile).items()}
    return recorded | {run["stage"]: run["seconds"] for run in read_log(root, profile)}


def reproduce(
    target: Target,
    stale: list[StageStatus],
    seconds: Mapping[str, float],
    names: list[str],
    keep: Sequence[int] = (),
) -> Reproduction:
    """Run `dvc repro` for the stages `names` (all when empty) and return what came of it.

    Stages that do not depend on a failed one still run.

    Parameters
    ----------
    target
        Whose dvc.yaml runs.
    stale
        The stages that are expected to run, for the progress that they show.
    seconds
        What each is expected to take, by address.
    keep
        File descriptors of locks that last as long as DVC runs.
    """
    root = target.project.root
    targets = [_dvc_target(target, name) for name in names]
    if target.folder and not names:
        targets = [_dvc_target(target)]
    _show_changes(root, stale)
    queue = [(stage.address, seconds.get(stage.address)) for stage in stale]
    _announce(queue)
    path = target.project.state / "queue"
    write_queue(path, queue)
    variables = _variables() | {VARIABLE: str(path)}
    command = [*_dvc(root), "repro", "--keep-going", *targets]
    tell_dvc(root)
    try:
        status = children.run(command, variables, root, keep)
    finally:
        mend_lock(root, target.lock)  # DVC may have been ended while it wrote
    if status and not any_begun(path):
        raise HarnessError(
            f"dvc repro failed before any stage ran (exit status {status}); it says why above",
            "where it names a file: `harness compile` writes dvc.yaml, params.yaml and plan/ anew, "
            "and `git checkout -- FILE` restores any other",
        )
    return Reproduction(status, failures(root, _profile(target)))


def remake(target: Target, name: str, keep: Sequence[int] = ()) -> int:
    """Run the stage `name` of dvc.yaml anew and no other; return the exit status of DVC.

    What DVC prints goes to standard error.
    """
    root = target.project.root
    command = [*_dvc(root), "repro", "--single-item", "--force", _dvc_target(target, name)]
    try:
        return children.run(command, _variables(), root, keep, stdout=sys.stderr.fileno())
    finally:
        mend_lock(root, target.lock)


def _dvc_target(target: Target, name: str = "") -> str:
    file = target.dvc_yaml.relative_to(target.project.root).as_posix()
    return ":".join(filter(None, [file, name])) if target.folder else name


def _variables() -> dict[str, str]:
    holder = os.environ.get(hold.VARIABLE, str(os.getpid()))
    own = {hold.VARIABLE: holder, "PATH": _path(), **_UTF8}
    return {**_user(), **os.environ, **own}


def _user() -> dict[str, str]:
    """Return a name for a user that has none, as in a container; DVC fails without one."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        return {"LOGNAME": str(os.getuid())}
    return {}


def _show_changes(root: Path, stale: Iterable[StageStatus]) -> None:
    """Give the changed files a new time, or DVC may pass them over.

    It hashes a file again only when its time, size or inode is another, and none of them need be
    after a clock went back or a file was restored with its times.
    """
    for path in {path for stage in stale for path in stage.changed}:
        if (root / path).is_file():
            with suppress(OSError):  # the file of another user: DVC must see by itself
                os.utime(root / path)


def check_pipeline(target: Target, plans: list[PlannedStage]) -> None:
    """Raise HarnessError when dvc.yaml has not the stages that are planned.

    DVC would pass over a stage that a truncated dvc.yaml has lost.
    """
    place = target.dvc_yaml
    try:
        text = place.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        text = ""
    except IsADirectoryError as error:
        raise HarnessError(f"{place}: is a folder", way_back(place)) from error
    stages = text.partition("\nstages:\n")[2]
    body = re.split(r"^\S", stages, maxsplit=1, flags=re.MULTILINE)[0]
    found = set(re.findall(r"^  ([\w-]+):$", body, re.MULTILINE)) - {"plan"}
    planned = {plan.dvc_name for plan in plans}
    if found != planned:
        wrong = ", ".join(sorted(found ^ planned))
        raise HarnessError(
            f"{place}: truncated, damaged or older than plan/: its stages are not those that are "
            f"planned ({wrong})",
            "write it anew with `harness compile`",
        )


def _profile(target: Target) -> str:
    return target.profile() or ""


def _announce(queue: list[tuple[str, float | None]]) -> None:
    if not queue:
        return
    known = [seconds for _, seconds in queue if seconds is not None]
    rest = f", about {duration(sum(known))}" if len(known) == len(queue) else ""
    stages = "stage" if len(queue) == 1 else "stages"
    print(f"{len(queue)} {stages} to run{rest}", file=sys.stderr, flush=True)


def _path() -> str:
    # Stages start as `python3 -m harness.stage`; any Python will do, the project's own is there.
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _dvc(root: Path) -> list[str]:
    """Return how DVC is called: with fast YAML where it is installed beside the harness."""
    if (Path(sys.executable).parent / "dvc").exists():
        return [sys.executable, "-m", "harness.quick_dvc"]
    own = root / ".venv" / "bin" / "dvc"
    if own.exists():
        return [str(own)]
    raise HarnessError("dvc is not installed beside the harness", "run `make setup`")


def dvc_targets(
    plans: list[PlannedStage], claims: Mapping[str, tuple[str, ...]], words: list[str]
) -> list[str]:
    """Return the DVC stages that `words` mean.

    Parameters
    ----------
    plans
        All stages.
    claims
        The DVC stages of the tables that a claim rests on, by the claim's name.
    words
        Papers, claims, tables, figures, paths of outputs, or stages as ``paper/stage`` or
        ``paper-stage``.

    Raises
    ------
    UsageError
        A word means nothing; the nearest that means something is suggested.
    """
    meanings: dict[str, list[str]] = {}
    for plan in plans:
        short = plan.stage.removeprefix("table-").removeprefix("figure-")
        outputs = {artifact.path for artifact in plan.outputs.values()}
        names = {plan.paper, plan.address, plan.dvc_name, plan.stage, short}
        for word in {*names, *outputs, f"{plan.paper}.{short}", f"{plan.paper}/{short}"}:
            meanings.setdefault(word, []).append(plan.dvc_name)
    for word, tables in claims.items():
        meanings.setdefault(word, []).extend(tables)
    found: dict[str, None] = {}
    for word in words:
        if word not in meanings:
            raise UsageError(
                f"'{word}' is no paper, claim, table, figure or stage{near(word, meanings)}",
                "`harness claims` lists the claims, `harness status` the stages",
            )
        found |= dict.fromkeys(meanings[word])
    return list(found)
