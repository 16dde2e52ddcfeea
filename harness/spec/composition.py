"""The composed specs: every paper in the size of one profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from harness.spec.base import Identifier, Name, Spec, Text
from harness.spec.dataset import Dataset
from harness.spec.device import Device
from harness.spec.environment import Environment
from harness.spec.files import SpecFiles, place
from harness.spec.paper import Paper
from harness.spec.problem import Path, field_name
from harness.spec.profile import ProfileCard
from harness.spec.reader import Document
from harness.spec.translation import Place


class Composition(Spec):
    """Every paper in the size of one profile, and what the papers use."""

    made_by: Text
    profile: ProfileCard
    papers: dict[Identifier, Paper] = {}
    datasets: dict[Identifier, Dataset] = {}
    devices: dict[Identifier, Device] = {}
    environments: dict[Name, Environment] = {}
    ranks: dict[Name, int] = Field(
        {}, description="The rank of every profile; filled in from `specs/profile/`."
    )


def merge(files: SpecFiles, profile: str) -> dict[str, Any]:
    """Return the tree that Hydra composes from the specs, without loading Hydra.

    Parameters
    ----------
    files
        The specs; their problems are not looked at.
    profile
        The name of the profile, in place of the one that `config.yaml` lists.
    """
    tree: dict[str, Any] = {}
    for part in _parts(files, profile):
        tree = _merged(tree, part)
    return tree


class Locator:
    """Finds where a value of the composed tree was written.

    Parameters
    ----------
    files, profile
        What the tree was composed from.
    overrides
        Hydra's overrides of the command line, such as `papers.nonn.seeds=[0,1]`. They come last
        and so win over the profile, which wins over the papers.
    """

    def __init__(self, files: SpecFiles, profile: str, overrides: Sequence[str] = ()) -> None:
        self._files = files
        self._profile = files.profiles.get(profile)
        self._overrides = {_override_path(text): text for text in overrides}

    def __call__(self, path: Path, *, key: bool = False) -> Place:
        """Return the place of the value at `path`, or of its key."""
        override = self._override(path)
        if override is not None:
            return override
        home, rest = self._home(path)
        profile = self._profile
        if profile is not None:
            held = 0 if home is None else len(path) - len(rest) + _depth(home, rest)
            inside = _depth(profile, path)
            if inside > held or inside == len(path) > 2:
                return place(profile, path, key=key)
        return place(home or self._files.config, rest, key=key)

    def _override(self, path: Path) -> Place | None:
        for length in range(len(path), 0, -1):
            text = self._overrides.get(path[:length])
            if text is not None:
                return Place(f"override {text}", 0, 0, field_name(path))
        return None

    def _home(self, path: Path) -> tuple[Document | None, Path]:
        """Return the file that holds `path` when no profile changes it, and the path in it."""
        if len(path) > 1 and isinstance(path[0], str):
            document = self._files.groups.get(path[0], {}).get(str(path[1]))
            return document, path[2:]
        if path[:1] == ("profile",):
            return None, path
        return self._files.config, path


def _depth(document: Document, path: Path) -> int:
    """Return how many parts of `path` the document holds."""
    return next(
        length
        for length in range(len(path), -1, -1)
        if length == 0 or path[:length] in document.values
    )


def _override_path(text: str) -> Path:
    return tuple(text.partition("=")[0].lstrip("+~").split("."))


def _parts(files: SpecFiles, profile: str) -> Iterator[dict[str, Any]]:
    """Yield what Hydra merges, in its order."""
    for entry in files.config.tree.get("defaults", ()):
        if entry == "_self_":
            yield {key: v for key, v in files.config.tree.items() if key != "defaults"}
        elif "profile" in entry:
            yield files.profiles[profile].tree
        else:
            ((package, name),) = entry.items()
            key = package.partition("@")[2].partition(".")[0]
            yield {key: {name: files.groups[key][name].tree}}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `over` merged into `base` as Hydra does it: mappings merge, all else replaces."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged
