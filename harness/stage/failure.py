"""Why a stage failed, kept until it succeeds, for the report's verdicts."""

from __future__ import annotations

from pathlib import Path

from harness.formats.atomic import write_text
from harness.stage.planned import PlannedStage


def _folder(root: Path, profile: str) -> Path:
    return root / ".harness" / "failures" / profile


def note_failure(root: Path, plan: PlannedStage, reason: str) -> None:
    """Keep the reason of a failed run."""
    path = _folder(root, plan.profile) / plan.paper / plan.stage
    write_text(path, reason)


def clear_failure(root: Path, plan: PlannedStage) -> None:
    """Forget an earlier failure; the stage has ended well."""
    (_folder(root, plan.profile) / plan.paper / plan.stage).unlink(missing_ok=True)


def failures(root: Path, profile: str) -> dict[str, str]:
    """Return the reasons of all stages of a profile whose last run failed, by address."""
    folder = _folder(root, profile)
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.glob("*/[!.]*"))
        if path.is_file()
    }
