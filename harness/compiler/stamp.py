"""What the last compilation read and wrote, so that one with nothing to do is recognised.

Loading Hydra takes longer than everything else that compiling does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.compiler.native import SUFFIXES
from harness.compiler.target import Target
from harness.formats.atomic import write_text


@dataclass(frozen=True)
class Stamp:
    """Digests of what a compilation read (specs, code, recorded costs) and wrote."""

    overrides: tuple[str, ...]
    sources: str
    files: str

    @classmethod
    def of(cls, target: Target, overrides: Sequence[str]) -> Stamp:
        """Return the stamp of the present state."""
        return cls(tuple(overrides), _sources(target), _files(target))

    @classmethod
    def kept(cls, target: Target) -> Stamp | None:
        """Return the stamp of the last compilation, or None when there is none."""
        try:
            value = json.loads(_place(target).read_bytes())
            return cls(tuple(value["overrides"]), value["sources"], value["files"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, target: Target) -> None:
        """Note this as the last compilation."""
        value = {"overrides": self.overrides, "sources": self.sources, "files": self.files}
        write_text(_place(target), json.dumps(value))


def outdated(target: Target) -> bool:
    """Whether specs or code changed since the last compilation that was made here."""
    kept = Stamp.kept(target)
    return kept is not None and kept.sources != _sources(target)


def _place(target: Target) -> Path:
    name = target.folder.replace("/", "-") or "project"
    return target.project.state / "compiled" / f"{name}.json"


def _sources(target: Target) -> str:
    root = target.project.root
    kinds = [("specs", "*.yaml"), ("harness", "*.py"), ("reproductions", "*.py")]
    kinds += [(room, f"*{suffix}") for room in ("harness", "reproductions") for suffix in SUFFIXES]
    kinds.append(("device_results", "costs.json"))
    return _digest(root, [path for room, kind in kinds for path in (root / room).rglob(kind)])


def _files(target: Target) -> str:
    paths = [target.params, target.dvc_yaml, *target.plans.glob("*/*.json")]
    return _digest(target.path, paths)


def _digest(root: Path, paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        content = path.read_bytes() if path.is_file() else b"missing"
        digest.update(f"{path.relative_to(root)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
