"""Verification: every output against the manifest and dvc.lock, and the cache behind them.

`dvc status` calls an output up to date by its time and size, and never hashes a cache object
again. Here every byte is read, once: SHA-256 compares a file with its record, and the MD5 in the
record ties it to dvc.lock and to the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.compiler.target import Target
from harness.verification.agreement import Agreement, forgotten
from harness.verification.cache import Cache, cache_folder
from harness.verification.finding import Finding, Verification
from harness.verification.output import Output, see_outputs, strays
from harness.verification.progress import Progress
from harness.verification.reading import Inode, Read, read_all
from harness.verification.record import StageRecord, read_records


def verify(target: Target, jobs: int = 1, progress: Progress | None = None) -> Verification:
    """Hash every output of every stage that has run, and every cache object behind it.

    Parameters
    ----------
    target
        The project, or a folder beside it.
    jobs
        How many files are read at a time.
    progress
        Is told of the bytes that are read.

    Raises
    ------
    HarnessError
        Nothing is compiled, or manifest.json, dvc.lock or .dvc/config is damaged.
    """
    root = target.project.root
    records, others = read_records(target)
    folder = cache_folder(root)
    outputs = see_outputs(root, folder, records)
    cache = Cache.see(root, folder, outputs)
    wanted = [*(one for output in outputs for one in output.wanted()), *cache.wanted()]
    reads = read_all(wanted, jobs, progress or Progress())
    names = _names(records)
    findings = [
        *forgotten(others),
        *_stage_findings(root, records, outputs, reads, names),
        *strays(root, folder, outputs),
        *cache.findings(reads, names),
    ]
    return Verification(
        sum(len(output.files) for output in outputs),
        len(cache.objects),
        sum(read.size for read in reads.values()),
        tuple(findings),
        _intact(outputs, cache, reads),
    )


def _stage_findings(
    root: Path,
    records: Sequence[StageRecord],
    outputs: Sequence[Output],
    reads: Mapping[Inode, Read],
    names: Mapping[str, Sequence[str]],
) -> Iterator[Finding]:
    agreement = Agreement(root, reads)
    for record in records:
        own = [output for output in outputs if output.record is record]
        yield from agreement.findings(record, own)
        for output in own:
            if output.artifact.path not in agreement.unrecorded and record.entry is not None:
                yield from output.findings(reads, names)


def _names(records: Sequence[StageRecord]) -> dict[str, list[str]]:
    """Return where the bytes with each SHA-256 belong."""
    names: dict[str, list[str]] = {}
    for record in records:
        for path, sha256 in (record.entry.digests if record.entry else {}).items():
            names.setdefault(sha256, []).append(path)
    return names


def _intact(
    outputs: Sequence[Output], cache: Cache, reads: Mapping[Inode, Read]
) -> dict[str, Path]:
    """Return a place for each SHA-256 that was read and is on record; objects come first."""
    seen = [
        *(one for output in outputs for one in output.seen.values()),
        *(cache.seen[item.name] for item in cache.objects if item.name in cache.seen),
    ]
    known = {record.sha256 for output in outputs for record in output.files.values()}
    digests = {reads[one.inode].digest("sha256"): one.path for one in seen if one.inode in reads}
    return {sha256: path for sha256, path in digests.items() if sha256 in known}
