"""Outputs in the work tree against the manifest: each file, and what nobody recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.stage.filerecord import FileRecord
from harness.stage.planned import Artifact
from harness.verification.comparison import ANYWHERE, Difference, compare, content_difference
from harness.verification.finding import Finding, Problem, Where
from harness.verification.reading import Algorithm, Inode, Read
from harness.verification.record import StageRecord, md5_of
from harness.verification.tree import Seen, look

ASIDE = "`harness verify --repair` moves it aside, into .harness/foreign"
_OURS = ".gitignore"  # DVC writes one beside an output that git does not ignore yet


@dataclass(frozen=True, eq=False)
class Output:
    """One output of a stage: what is on record of its files, and what lies there.

    Parameters
    ----------
    files
        The manifest's records by path.
    seen
        What is at its path and below, by path.
    agrees
        Whether the manifest and dvc.lock speak of the same bytes.
    """

    root: Path
    record: StageRecord
    artifact: Artifact
    files: Mapping[str, FileRecord]
    seen: Mapping[str, Seen]
    agrees: bool

    def wanted(self) -> Iterator[tuple[Seen, Algorithm]]:
        """Yield the digests that are needed: MD5s only where the manifest does not tell them."""
        for path, seen in self.seen.items():
            if seen.kind == "file":
                if path in self.files:
                    yield seen, "sha256"
                if not self.agrees:
                    yield seen, "md5"

    def md5(self, reads: Mapping[Inode, Read]) -> str | None:
        """Return what dvc.lock would have of what lies there; for outputs that do not agree."""
        if any(seen.kind != "file" for seen in self.seen.values()):
            return None
        digests = {path: reads[seen.inode].digest("md5") for path, seen in self.seen.items()}
        return md5_of(self.artifact.path, digests)

    def finding(self, path: str, difference: Difference, where: Where = "output") -> Finding:
        """Return a finding on this output."""
        stages, readers = (self.record.plan.address,), self.record.built_on_it
        problem, detail, *remedy = difference
        return Finding(where, path, problem, detail, stages, readers, *remedy)

    def findings(
        self, reads: Mapping[Inode, Read], names: Mapping[str, Sequence[str]]
    ) -> Iterator[Finding]:
        """Yield every file that is not as the manifest has it, and every foreign one."""
        for path, record in self.files.items():
            if difference := self._difference(path, record, reads, names):
                yield self.finding(path, difference)
        for path, seen in self.seen.items():
            if not {path, *map(str, PurePosixPath(path).parents)} & self.files.keys():
                yield self.finding(path, foreign(seen))

    def _difference(
        self,
        path: str,
        record: FileRecord,
        reads: Mapping[Inode, Read],
        names: Mapping[str, Sequence[str]],
    ) -> Difference | None:
        seen = self.seen.get(path)
        if seen is None:
            return absent(self.root / path)
        if seen.kind != "file":
            return no_file(seen)
        read = reads[seen.inode]
        others = [name for name in names.get(read.digest("sha256"), ()) if name != path]
        found = compare(read, record, others)
        if found and found[0] in ANYWHERE:
            return content_difference(seen.path, path, record) or found
        return found


def see_outputs(root: Path, cache: Path, records: Iterable[StageRecord]) -> list[Output]:
    """Return every output of every stage with what lies in its place."""
    return [
        Output(
            root,
            record,
            artifact,
            record.files(artifact),
            dict(look(root / artifact.path, artifact.path, cache)),
            record.agrees(artifact),
        )
        for record in records
        for artifact in record.plan.outputs.values()
    ]


def strays(root: Path, cache: Path, outputs: Sequence[Output]) -> Iterator[Finding]:
    """Yield what lies in the folders of a profile, but in no output of any stage.

    Records of measurements lie beside those of other devices and days, so theirs are left out.
    """
    known = {output.artifact.path for output in outputs}
    measured = {o.artifact.path.split("/")[0] for o in outputs if o.record.plan.measures}
    rooms = {"/".join(path.split("/")[:2]) for path in known if path.split("/")[0] not in measured}
    for room in sorted(rooms - known):
        for path, seen in look(root / room, room, cache):
            within = {path, *map(str, PurePosixPath(path).parents)}
            if not within & known and PurePosixPath(path).name != _OURS:
                yield Finding("output", path, *foreign(seen)[:2], (), (), ASIDE)


def foreign(seen: Seen) -> Difference:
    """Return what is said of something that nobody recorded."""
    what = {"file": "a file", "link": f"a link to {seen.detail}"}.get(seen.kind, f"a {seen.kind}")
    return "foreign", f"{what} that no stage has on record", ASIDE


def no_file(seen: Seen) -> Difference:
    """Return what is said of something that stands where a file should."""
    if seen.kind == "link":
        return "link", f"a link to {seen.detail} where a file should be"
    if seen.kind == "unreadable":
        return "unreadable", f"it cannot be read: {seen.detail}"
    return "special file", "a pipe, socket or device where a file should be"


def absent(place: Path) -> Difference:
    """Return what is said of a file that is not there."""
    problem: Problem = "folder" if place.is_dir() else "missing"
    return problem, "a folder where a file should be" if problem == "folder" else "it is not there"
