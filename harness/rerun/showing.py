"""The first difference of a rerun, for people."""

from __future__ import annotations

from harness.rerun.comparison import StageComparison, committed_entries
from harness.rerun.difference import difference
from harness.rerun.expected import committed_file
from harness.rerun.reruns import Attempt, Reruns
from harness.verification.cache import cache_folder

_LOG_LINES = 15


def showing(reruns: Reruns, attempt: Attempt) -> list[str]:
    """Return lines about the first file that differs; of a stage that failed, the log's end."""
    stage = attempt.comparison.first_different
    if stage is None:
        return []
    if not stage.different or not _is_there(attempt, stage):
        text = attempt.clone.log.read_text(encoding="utf-8", errors="replace")
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return ["the end of what the rerun printed:", *lines[-_LOG_LINES:]]
    path = stage.different[0]
    target = attempt.clone.target(reruns.profile)
    entries = committed_entries(attempt.clone, target).values()
    record = next((entry.files[path] for entry in entries if path in entry.files), None)
    new = attempt.clone.tree / path
    if record is None:
        return [f"{path}: the committed manifest does not have it"]
    if not new.is_file():
        return [f"{path}: the rerun did not make it"]
    root = reruns.project.root
    old = committed_file([attempt.clone.expected, root], cache_folder(root), path, record)
    if old is None:
        return [f"{path}: only the SHA-256 of the committed file is known: {record.sha256}"]
    return [f"{path}:", *difference(old, new, diffoscope=reruns.host.diffoscope)]


def _is_there(attempt: Attempt, stage: StageComparison) -> bool:
    return any((attempt.clone.tree / path).exists() for path in stage.different)
