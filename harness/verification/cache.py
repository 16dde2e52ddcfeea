"""The objects of DVC's cache: those behind the outputs by their bytes, all others by their names.

What no stage of today refers to is left of earlier runs. It is not read, since a cache may hold
many times what is in use; should DVC ever restore it, the output is compared like any other.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.fault import way_back
from harness.stage.digest import file_digest
from harness.stage.filerecord import FileRecord
from harness.verification.comparison import ANYWHERE, Difference, compare
from harness.verification.finding import Finding
from harness.verification.output import ASIDE, Output, absent, foreign, no_file
from harness.verification.reading import Algorithm, Inode, Read
from harness.verification.record import StageRecord, listing
from harness.verification.tree import Seen, look

_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}(\.dir)?")
_EMPTY = "d4/1d8cd98f00b204e9800998ecf8427e"
_MOST_LISTED = 256 << 20  # bytes of a folder's listing


@dataclass(frozen=True)
class Object:
    """An object that outputs rest on.

    Parameters
    ----------
    name
        Its place in the cache, ``ab/cdef…``: the MD5 that its bytes must have.
    record
        What the manifest has of these bytes; None when it knows them not.
    content
        The bytes of a folder's listing, which follow from the records; None for other objects.
    users
        The outputs that rest on it.
    """

    name: str
    record: FileRecord | None
    content: bytes | None
    users: tuple[Output, ...]

    def wanted(self, seen: Seen) -> tuple[Seen, Algorithm]:
        """Return the digest that is needed of it."""
        return seen, "sha256" if self.record else "md5"


@dataclass(frozen=True)
class Cache:
    """DVC's cache as it was seen, and the objects that should be there."""

    root: Path
    folder: Path
    seen: Mapping[str, Seen]
    objects: tuple[Object, ...]

    @classmethod
    def see(cls, root: Path, folder: Path, outputs: Iterable[Output]) -> Cache:
        """Look at the cache, which is read only where an output's listing is not on record."""
        return cls(root, folder, dict(look(folder, "", folder)), _objects(folder, outputs))

    def wanted(self) -> Iterator[tuple[Seen, Algorithm]]:
        """Yield the digests that are needed."""
        for item in self.objects:
            seen = self.seen.get(item.name)
            if seen and seen.kind == "file":
                yield item.wanted(seen)

    def shown(self, name: str) -> str:
        """Return the path of an object for people: relative where it lies in the project."""
        place = self.folder / name
        inside = place.is_relative_to(self.root)
        return place.relative_to(self.root).as_posix() if inside else str(place)

    def findings(
        self, reads: Mapping[Inode, Read], names: Mapping[str, Sequence[str]]
    ) -> Iterator[Finding]:
        """Yield every object that is not what its name says, and what is no object."""
        for item in self.objects:
            if difference := self._difference(item, reads, names):
                yield _finding(self.shown(item.name), difference, item.users)
        used = {item.name for item in self.objects}
        for name, seen in self.seen.items():
            if name not in used and (difference := _unused(name, seen)):
                yield _finding(self.shown(name), difference, ())

    def _difference(
        self, item: Object, reads: Mapping[Inode, Read], names: Mapping[str, Sequence[str]]
    ) -> Difference | None:
        seen = self.seen.get(item.name)
        if seen is None:
            return absent(self.folder / item.name)
        if seen.kind != "file":
            return no_file(seen)
        read = reads[seen.inode]
        if item.record is None:
            return _by_md5(read, item.name)
        found = compare(read, item.record, names.get(read.digest("sha256"), ()))
        if found and found[0] in ANYWHERE and (other := self._other(seen)):
            return "swapped", f"its bytes are those of the cache object {other}"
        return found

    def _other(self, seen: Seen) -> str:
        """The object to which the bytes belong, if there is one."""
        try:
            md5 = file_digest(seen.path, "md5")
        except OSError:
            return ""
        name = f"{md5[:2]}/{md5[2:]}"
        return next((self.shown(one) for one in (name, f"{name}.dir") if one in self.seen), "")


def cache_folder(root: Path) -> Path:
    """Return the folder of DVC's cache, as .dvc/config or .dvc/config.local name it."""
    config = configparser.ConfigParser(interpolation=None)
    for path in (root / ".dvc" / "config", root / ".dvc" / "config.local"):
        try:
            config.read(path, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError) as error:
            raise HarnessError(
                f"{path}: cannot be read as DVC's configuration: {error}", way_back(path)
            ) from error
    named = config.get("cache", "dir", fallback="cache")
    return (root / ".dvc" / named) / "files" / "md5"


def _objects(folder: Path, outputs: Iterable[Output]) -> tuple[Object, ...]:
    found: dict[str, Object] = {}
    for output in outputs:
        md5 = output.record.locked_md5(output.artifact)
        if md5 is None or output.artifact.in_git:
            continue
        for item in _behind(folder, output, md5):
            known = found.get(item.name, item)
            users = tuple(dict.fromkeys((*(known.users if known is not item else ()), output)))
            found[item.name] = Object(item.name, item.record or known.record, item.content, users)
    return tuple(found.values())


def _behind(folder: Path, output: Output, md5: str) -> Iterator[Object]:
    """Yield the object of an output; of a folder, also those of its files."""
    if not output.agrees:
        names = [md5, *(_listed(folder / _place(md5)) if md5.endswith(".dir") else ())]
        yield from (Object(_place(name), None, None, (output,)) for name in names)
        return
    if md5.endswith(".dir"):
        path = output.artifact.path
        content = listing(path, {name: record.md5 for name, record in output.files.items()})
        record = FileRecord(len(content), hashlib.sha256(content).hexdigest(), md5[:-4])
        yield Object(_place(md5), record, content, (output,))
    for record in output.files.values():
        yield Object(_place(record.md5), record, None, (output,))


def _place(md5: str) -> str:
    return f"{md5[:2]}/{md5[2:]}"


def _listed(place: Path) -> list[str]:
    """The MD5s of a listing; none when it is damaged, which is found when it is hashed."""
    try:
        if not place.is_file() or place.stat().st_size > _MOST_LISTED:
            return []
        found = [str(entry["md5"]) for entry in json.loads(place.read_bytes())]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [md5 for md5 in found if _NAME.fullmatch(_place(md5))]


def _by_md5(read: Read, name: str) -> Difference | None:
    if read.fault:
        return "unreadable", f"it cannot be read: {read.fault}"
    if read.digest("md5") == name.replace("/", "").removesuffix(".dir"):
        return None
    if read.size == 0:
        return "empty", "it is empty"
    return "corrupt", f"its bytes have MD5 {read.digest('md5')}, not the one in its name"


def _unused(name: str, seen: Seen) -> Difference | None:
    if not _NAME.fullmatch(name):
        if name.endswith(".tmp"):
            return "unfinished", "a temporary file of DVC, which was ended while it wrote", ASIDE
        return foreign(seen)
    if seen.kind != "file":
        return (*no_file(seen)[:2], ASIDE)
    if seen.size == 0 and name != _EMPTY:
        return "empty", "an object of an earlier run, which is empty", ASIDE
    return None


def _finding(path: str, difference: Difference, users: Sequence[Output]) -> Finding:
    problem, detail, *remedy = difference
    records = list(dict.fromkeys(user.record.plan.address for user in users))
    return Finding("cache", path, problem, detail, tuple(records), _readers(users), *remedy)


def _readers(users: Sequence[Output]) -> tuple[str, ...]:
    records: Iterable[StageRecord] = (user.record for user in users)
    return tuple(dict.fromkeys(reader for record in records for reader in record.built_on_it))
