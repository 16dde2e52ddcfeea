"""The spec files of a project: all of them, as they were read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import NamedTuple, TypeVar

from pydantic import BaseModel

from harness.spec.config import Config
from harness.spec.dataset import Dataset
from harness.spec.device import Device, DeviceSpec
from harness.spec.environment import Environment
from harness.spec.paper import Paper
from harness.spec.problem import Path, Problem, SpecErrors, field_name, near, shown
from harness.spec.profile import Profile
from harness.spec.pruning import follows
from harness.spec.reader import GLOBAL, Document, Mark, read
from harness.spec.source import content_of
from harness.spec.translation import Place, faults


class Group(NamedTuple):
    """A folder of specs: its name, the key that it has in the composed tree, and its model."""

    folder: str
    key: str
    model: type[BaseModel]
    name: Path
    """Where a file of the group states its own name."""


GROUPS = (
    Group("environment", "environments", Environment, ("environment",)),
    Group("dataset", "datasets", Dataset, ("dataset",)),
    Group("device", "devices", DeviceSpec, ("device",)),
    Group("papers", "papers", Paper, ("paper",)),
)
"""The groups in the order in which they are composed."""

PROFILES = Group("profile", "profile", Profile, ("profile", "name"))

Model = TypeVar("Model", bound=BaseModel)

# What names a file of the project: the group, the key, and what it should be.
_FILES = (
    ("environments", "lock", "a locked file"),
    ("devices", "tuning", "a record of a tuning"),
)

_STEM = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


@dataclass(frozen=True)
class SpecFiles:
    """Every spec file.

    Parameters
    ----------
    config
        `specs/config.yaml`.
    groups
        The documents of each group of `GROUPS`, by the group's key and the file's name.
    profiles
        The documents of the profiles.
    problems
        Everything that is wrong with one file by itself.
    """

    config: Document
    groups: Mapping[str, Mapping[str, Document]]
    profiles: Mapping[str, Document]
    problems: tuple[Problem, ...]

    @classmethod
    def read(cls, folder: FilePath) -> SpecFiles:
        """Return the specs of a folder; problems are gathered and never raised."""
        problems: list[Problem] = []
        config = _read(folder / "config.yaml", f"{folder.name}/config.yaml", folder.parent)
        problems += _own(config, Config, None)
        groups: dict[str, dict[str, Document]] = {}
        for group in (*GROUPS, PROFILES):
            groups[group.key] = {}
            for path in _listed(folder / group.folder):
                document = _read(path, f"{folder.name}/{group.folder}/{path.name}", folder.parent)
                problems += _own(document, group.model, group)
                if path.suffix == ".yaml" and _STEM.fullmatch(path.stem):
                    groups[group.key][path.stem] = document
        return cls(config, groups, groups.pop(PROFILES.key), tuple(problems))

    def sound(self) -> SpecFiles:
        """Return these files when each is right by itself; raise SpecErrors otherwise."""
        if self.problems:
            raise SpecErrors(self.problems)
        return self

    def environments(self) -> dict[str, Environment]:
        """The environments by name; SpecErrors when a spec is wrong."""
        return _models(self.sound().groups["environments"], Environment)

    def devices(self) -> dict[str, Device]:
        """The devices by name; SpecErrors when a spec is wrong."""
        models = _models(self.sound().groups["devices"], DeviceSpec)
        return {name: model.root for name, model in models.items()}

    def datasets(self) -> dict[str, Dataset]:
        """The datasets by name; SpecErrors when a spec is wrong."""
        return _models(self.sound().groups["datasets"], Dataset)

    def documents(self) -> Iterator[Document]:
        """Yield every document."""
        yield self.config
        for group in (*self.groups.values(), self.profiles):
            yield from group.values()


def place(document: Document, path: Path, *, key: bool = False) -> Place:
    """Return where `path` stands in a document, or the nearest place above it.

    With `key`, the place of the key in a mapping rather than of its value.
    """
    marks = [document.keys.get(path), document.values.get(path)]
    mark = next(filter(None, marks if key else reversed(marks)), None)
    above = path
    while mark is None and above:
        above = above[:-1]
        mark = document.keys.get(above) or document.values.get(above)
    return Place(document.file, *(mark or Mark(1, 1)), field_name(path))


def _models(documents: Mapping[str, Document], model: type[Model]) -> dict[str, Model]:
    return {
        name: model.model_validate_json(json.dumps(document.tree))
        for name, document in documents.items()
    }


def _listed(folder: FilePath) -> list[FilePath]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _is_spec(path))


def _is_spec(path: FilePath) -> bool:
    return path.suffix in (".yaml", ".yml") and not path.name.startswith(".")


def _read(path: FilePath, file: str, home: FilePath) -> Document:
    """Return a document; a file that cannot be read is a document with that problem."""
    content, fault = content_of(path, home)
    if fault:
        unread = Problem(file, 0, 0, "", "", fault)
        return Document(file, problems=(unread,), refused=frozenset({()}))
    return read(file, content)


def _own(document: Document, model: type[BaseModel], group: Group | None) -> list[Problem]:
    """Return what is wrong with a document by itself."""
    problems = [*document.problems]

    def locate(path: Path, *, key: bool = False) -> Place:
        return place(document, path, key=key)

    misnamed = [] if group is None else list(_misnamed(document))
    if misnamed:
        return [*problems, *misnamed]
    if () not in document.refused:
        problems += [
            fault.problem
            for fault in faults(model, document.tree, locate)
            if not follows(fault.path, document.refused)
        ]
        if group is not None:
            problems += _names(document, group)
    if document.is_global != (group is PROFILES) and () not in document.refused:
        problems.append(_header(document, group))
    return problems


def missing_files(files: SpecFiles, root: FilePath) -> Iterator[Problem]:
    """Yield the locks of environments and tunings of devices that are no files of the project."""
    for group, key, wanted in _FILES:
        for document in files.groups[group].values():
            path = document.tree.get(key)
            told = any(p.file == document.file and p.field == key for p in files.problems)
            if isinstance(path, str) and not told and not _is_file(root, path):
                said = f"there is no file {shown(path)}"
                yield Problem(*place(document, (key,)), shown(path), said, wanted)


def _is_file(root: FilePath, path: str) -> bool:
    try:
        return (root / path).is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _misnamed(document: Document) -> Iterator[Problem]:
    stem, _, suffix = document.file.rpartition("/")[2].rpartition(".")
    if suffix != "yaml":
        yield Problem(document.file, 0, 0, "", "", "the name of a spec ends in .yaml")
    if not _STEM.fullmatch(stem):
        said = f"the file's name {shown(stem)} is not a name"
        yield Problem(document.file, 0, 0, "", shown(stem), said, "lower-case words")


def _names(document: Document, group: Group) -> Iterator[Problem]:
    stem = FilePath(document.file).stem
    inside = _value(document, group.name)
    if isinstance(inside, str) and inside != stem:
        said = f"{shown(inside)} is not the name of the file{near(inside, [stem])}"
        yield Problem(*place(document, group.name), shown(inside), said, stem)


def _value(document: Document, path: Path) -> object:
    node: object = document.tree
    for part in path:
        node = node.get(part) if isinstance(node, dict) else None
    return node


def _header(document: Document, group: Group | None) -> Problem:
    mark = Mark(1, 1)
    if group is PROFILES:
        said = "a profile begins with Hydra's header, which merges it into the papers"
        return Problem(document.file, *mark, "", "", said, f"'{GLOBAL}' on line 1")
    said = f"the header '{GLOBAL}' is for profiles; take it away"
    return Problem(document.file, *mark, "", "", said)
