"""Verification: every output against the manifest and dvc.lock, and the cache behind them.

`dvc status` calls an output up to date by its time and size, and never hashes a cache object
again. Here every byte is read.
"""

from __future__ import annotations

import configparser
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.compiler.target import Target
from harness.errors import HarnessError
from harness.fault import way_back
from harness.stage.digest import dvc_md5, file_digest
from harness.stage.lock import LockedStage, read_lock
from harness.stage.manifest import Entry, read_manifest
from harness.stage.planned import PlannedStage
from harness.status import planned_stages

Where = Literal["output", "cache", "manifest"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as recorded.

    Parameters
    ----------
    where
        An output in the work tree, an object of DVC's cache, or the manifest itself.
    path
        Relative to the project.
    problem
        What is wrong with it.
    stage
        The stage that made it, ``paper/stage``.
    built_on_it
        The stages that read it, directly or not.
    """

    where: Where
    path: str
    problem: str
    stage: str
    built_on_it: tuple[str, ...]


@dataclass(frozen=True)
class Verification:
    """What was read, and everything that was not as recorded."""

    outputs: int
    objects: int
    findings: tuple[Finding, ...]


def verify(target: Target, jobs: int = 1) -> Verification:
    """Hash every output of every stage that has run, and every cache object behind it.

    Parameters
    ----------
    target
        The project, or a folder beside it.
    jobs
        How many files are read at a time.
    """
    plans = planned_stages(target)
    locked = read_lock(target.lock)
    manifest = read_manifest(target.path / "manifest.json")
    readers = _readers(plans)
    checks = [
        (plan, locked.get(plan.dvc_name), manifest.get(plan.dvc_name), readers[plan.dvc_name])
        for plan in plans
    ]
    cache = cache_folder(target.project.root)
    root = target.project.root
    with ThreadPoolExecutor(jobs) as pool:
        found = list(pool.map(lambda check: list(_stage_findings(root, cache, *check)), checks))
    outputs = sum(len(entry.files) for entry in manifest.values())
    objects = sum(
        len(list(_objects(cache, stage.outs[item.path])))
        for plan, stage, *_ in checks
        if stage
        for item in plan.outputs.values()
        if not item.in_git and item.path in stage.outs
    )
    return Verification(outputs, objects, tuple(one for findings in found for one in findings))


def cache_folder(root: Path) -> Path:
    """Return the folder of DVC's cache, as .dvc/config or .dvc/config.local name it."""
    config = configparser.ConfigParser()
    for path in (root / ".dvc" / "config", root / ".dvc" / "config.local"):
        try:
            config.read(path, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError) as error:
            raise HarnessError(
                f"{path}: cannot be read as DVC's configuration: {error}", way_back(path)
            ) from error
    named = config.get("cache", "dir", fallback="cache")
    return (root / ".dvc" / named) / "files" / "md5"


def _stage_findings(
    root: Path,
    cache: Path,
    plan: PlannedStage,
    locked: LockedStage | None,
    entry: Entry | None,
    built_on_it: tuple[str, ...],
) -> Iterator[Finding]:
    def finding(where: Where, path: str, problem: str) -> Finding:
        return Finding(where, path, problem, plan.address, built_on_it)

    if locked is None:
        yield finding("output", plan.dvc_name, "not in dvc.lock: the stage has never run")
        return
    if entry is None:
        yield finding("manifest", plan.dvc_name, "not in manifest.json: nothing vouches for it")
    for path, digest in entry.files.items() if entry else ():
        yield from (
            finding("output", path, problem) for problem in _file_problem(root / path, digest)
        )
    yield from (
        finding("output", path, "a foreign file: the manifest does not know it")
        for path in _foreign(root, plan, entry)
    )
    outs: Mapping[str, str] = locked.outs if locked else {}
    for artifact in plan.outputs.values():
        md5 = outs.get(artifact.path)
        if md5 and dvc_md5(root / artifact.path) not in (md5, None):
            yield finding("output", artifact.path, f"MD5 differs from dvc.lock's {md5}")
        if md5 and not artifact.in_git:
            for place in _objects(cache, md5):
                for problem in _object_problem(place):
                    yield finding("cache", _shown(place, root), problem)


def _file_problem(path: Path, sha256: str) -> Iterator[str]:
    if not path.is_file():
        yield "missing"
    elif path.stat().st_size == 0 and sha256 != _EMPTY:
        yield "empty"
    elif (actual := file_digest(path, "sha256")) != sha256:
        yield f"SHA-256 is {actual[:12]}, the manifest has {sha256[:12]}"


_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _foreign(root: Path, plan: PlannedStage, entry: Entry | None) -> Iterator[str]:
    for artifact in plan.outputs.values():
        folder = root / artifact.path
        if entry is None or not folder.is_dir():
            continue
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(root).as_posix()
            if file.is_file() and name not in entry.files:
                yield name


def _object(cache: Path, md5: str) -> Path:
    return cache / md5[:2] / md5[2:]


def _objects(cache: Path, md5: str) -> Iterator[Path]:
    """Yield the object of an output; of a folder, also those of its files."""
    place = _object(cache, md5)
    yield place
    if md5.endswith(".dir"):
        try:
            listing = json.loads(place.read_bytes())
            yield from (_object(cache, entry["md5"]) for entry in listing)
        except (OSError, ValueError, KeyError, TypeError):
            return  # the listing itself is reported as missing or damaged


def _object_problem(place: Path) -> Iterator[str]:
    md5 = (place.parent.name + place.name).removesuffix(".dir")
    if not place.is_file():
        yield "missing from the cache"
    elif place.stat().st_size == 0 and md5 != "d41d8cd98f00b204e9800998ecf8427e":
        yield "empty"
    elif (actual := file_digest(place, "md5")) != md5:
        yield f"its bytes have MD5 {actual}, not the one in its name"


def _shown(place: Path, root: Path) -> str:
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else str(place)


def _readers(plans: list[PlannedStage]) -> dict[str, tuple[str, ...]]:
    """Return for each stage the addresses of all stages built on it, in running order."""
    upstream: dict[str, set[str]] = {}
    for plan in plans:
        direct = set(plan.writers.values())
        upstream[plan.dvc_name] = direct.union(*(upstream[name] for name in direct))
    return {
        plan.dvc_name: tuple(p.address for p in plans if plan.dvc_name in upstream[p.dvc_name])
        for plan in plans
    }
