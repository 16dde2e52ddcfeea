"""What the manifest holds of one file: its size, two digests of its bytes, one of its content.

SHA-256 is what a file is compared by. MD5 ties it to dvc.lock and to DVC's cache, so that those
are compared without a second digest of the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.stage.content import content_sha256
from harness.stage.digest import file_digest

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_KEYS = {"size", "sha256", "md5"}


@dataclass(frozen=True)
class FileRecord:
    """One file as it was made.

    Parameters
    ----------
    size
        Bytes.
    sha256, md5
        The digests of the bytes.
    content_sha256
        The digest of its content in canonical form (see `harness.stage.content`); None when the
        file is in that form itself, or is of a format that has none.
    """

    size: int
    sha256: str
    md5: str
    content_sha256: str | None = None

    @property
    def content(self) -> str:
        """The digest of the content, whichever form the file is in."""
        return self.content_sha256 or self.sha256

    @classmethod
    def of(cls, path: Path, known: FileRecord | None = None) -> FileRecord:
        """Return the record of the file at `path`; `known` itself when the bytes are its bytes."""
        sha256 = file_digest(path, "sha256")
        if known is not None and known.sha256 == sha256:
            return known
        content = content_sha256(path, sha256)
        return cls(
            path.stat().st_size,
            sha256,
            file_digest(path, "md5"),
            None if content == sha256 else content,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what the manifest holds."""
        value: dict[str, Any] = {"size": self.size, "sha256": self.sha256, "md5": self.md5}
        return value | ({"content_sha256": self.content_sha256} if self.content_sha256 else {})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FileRecord:
        """Return the record that `as_json` wrote; ValueError or TypeError when it did not."""
        if value.keys() - {"content_sha256"} != _KEYS:
            raise ValueError(f"a file's record has {', '.join(sorted(value)) or 'nothing'}")
        record = cls(**value)
        if type(record.size) is not int or record.size < 0:
            raise ValueError(f"{record.size!r} is no number of bytes")
        for digest in (record.sha256, record.content):
            if not _SHA256.fullmatch(digest):
                raise ValueError(f"{digest!r} is no SHA-256")
        if not _MD5.fullmatch(record.md5):
            raise ValueError(f"{record.md5!r} is no MD5")
        return record
