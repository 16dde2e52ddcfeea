"""A clone of the committed tree, with nothing in it that could be taken on trust."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.compiler.target import Target
from harness.errors import HarnessError
from harness.project import Project
from harness.rerun.host import Host
from harness.rerun.setting import Setting

_SHARED = ("environments", "downloads")
"""What is reused: both are named by hashes, and checked before they are used."""

_SHUFFLE = 20380119  # any fixed number: equal reruns see equal orders

# A cache of its own whatever the user's own configuration says, and no question to the network.
_CONFIG = "[core]\n    check_update = false\n[cache]\n    dir = cache\n"


@dataclass(frozen=True)
class Clone:
    """One clone in a folder of its own.

    Parameters
    ----------
    folder
        Holds the clone and all else that belongs to its rerun.
    tree
        The clone.
    seen
        The path under which the rerun sees it: through a link, or in another order.
    """

    folder: Path
    tree: Path
    seen: Path

    @property
    def expected(self) -> Path:
        """Where the committed lock, manifest and results were taken aside."""
        return self.folder / "expected"

    @property
    def log(self) -> Path:
        """What the rerun printed."""
        return self.folder / "log.txt"

    def target(self, profile: str | None) -> Target:
        """Return the clone's target of a profile."""
        return Target.of_profile(Project(self.tree), profile)


def committed(root: Path) -> tuple[str, bool]:
    """Return the committed tree's name, and whether the work tree differs from it.

    Raises
    ------
    HarnessError
        The project is in no git repository, or nothing is committed.
    """
    head = _git(root, "rev-parse", "--short", "HEAD")
    if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
        raise HarnessError(
            f"{root}: is not the top of its git repository, so it cannot be cloned",
            "rerun in a repository of the project itself",
        )
    return head, bool(_git(root, "status", "--porcelain"))


def make(original: Path, folder: Path, setting: Setting, profile: str | None, host: Host) -> Clone:
    """Clone the committed tree of `original` into `folder` as the setting wants it.

    Parameters
    ----------
    profile
        Whose lock, manifest and results are taken aside.
    host
        Where libfaketime is.

    Raises
    ------
    HarnessError
        git cannot clone.
    """
    tree = folder / setting.place
    tree.parent.mkdir(parents=True, exist_ok=True)
    # Only a transport makes a shallow clone of a folder.
    source = ["--depth", "1", f"file://{original}"] if setting.git == "shallow" else [str(original)]
    _git(folder, "clone", "--quiet", *source, str(tree))
    clone = Clone(folder, tree, _seen(folder, tree, setting))
    _take_aside(clone, profile)
    _share(original, tree)
    (tree / ".dvc").mkdir(exist_ok=True)
    (tree / ".dvc" / "config.local").write_text(_CONFIG, encoding="utf-8")
    _change_git(tree, setting)
    _write_startup(tree, setting, host)
    return clone


def _seen(folder: Path, tree: Path, setting: Setting) -> Path:
    if setting.listing == "disorderfs":
        seen = folder / "mounted" / setting.place
        seen.mkdir(parents=True)
    else:
        seen = tree
    if setting.linked:
        link = folder / "link"
        link.symlink_to(seen.parent)
        seen = link / seen.name
    return seen


def _take_aside(clone: Clone, profile: str | None) -> None:
    target = clone.target(profile)
    name = profile or target.profile()
    for path in (target.lock, target.path / "manifest.json", clone.tree / "results" / str(name)):
        if path.exists():
            place = clone.expected / path.relative_to(clone.tree)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)


def _share(original: Path, tree: Path) -> None:
    state = tree / ".harness"
    state.mkdir()
    for name in _SHARED:
        place = original / ".harness" / name
        if place.exists():
            (state / name).symlink_to(place.resolve())


def _change_git(tree: Path, setting: Setting) -> None:
    if setting.git == "none":
        shutil.rmtree(tree / ".git")
    elif setting.git == "dirty":
        with (tree / ".gitignore").open("a", encoding="utf-8") as file:
            file.write("# a change that nobody has committed\n")
        (tree / "an untracked file").write_text("that nobody reads\n", encoding="utf-8")


def _write_startup(tree: Path, setting: Setting, host: Host) -> None:
    wanted: dict[str, object] = {}
    if setting.date:
        wanted |= {"library": host.faketime, "offset": _offset(setting.date)}
    if setting.listing == "shuffled":
        wanted["seed"] = _SHUFFLE
    if wanted:
        shutil.copyfile(Path(__file__).with_name("startup.py"), tree / "sitecustomize.py")
        place = tree / "sitecustomize.json"
        place.write_text(json.dumps(wanted), encoding="utf-8")


def _offset(date: str) -> str:
    """Return the distance to a date in the form of libfaketime: it stays the same all through."""
    import time
    from datetime import UTC, datetime

    seconds = datetime.fromisoformat(date).replace(hour=12, tzinfo=UTC).timestamp() - time.time()
    return f"{seconds:+.0f}s"


def _git(folder: Path, *words: str) -> str:
    variables = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, env=variables, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise HarnessError(
            "git is not installed", "install it; a rerun begins with a clone"
        ) from None
    if done.returncode:
        raise HarnessError(
            f"git {words[0]}: {done.stderr.strip()}",
            "a rerun begins with a clone of the committed tree: commit it first",
        )
    return done.stdout.strip()
