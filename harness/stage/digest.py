"""Digests of files and folders: MD5 as DVC computes it, SHA-256 for everything else."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

_CHUNK = 1 << 20


def file_digest(path: Path, algorithm: str) -> str:
    """Return the hexadecimal digest of the bytes of one file."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def files_of(path: Path) -> list[Path]:
    """Return `path` itself, or every file below it in the order of its relative name."""
    if not path.is_dir():
        return [path]
    found = [Path(folder) / name for folder, _, names in os.walk(path) for name in names]
    return sorted(found, key=lambda file: file.relative_to(path).parts)


def dvc_md5(path: Path) -> str | None:
    """Return the MD5 that dvc.lock holds for a file or folder; None when `path` is not there.

    A folder's is the MD5 of the JSON list of its files with their MD5s, followed by ``.dir``.
    """
    if not path.exists():
        return None
    if path.is_file():
        return file_digest(path, "md5")
    entries = [
        {"md5": file_digest(file, "md5"), "relpath": file.relative_to(path).as_posix()}
        for file in files_of(path)
    ]
    listing = json.dumps(entries, sort_keys=True).encode()
    return hashlib.md5(listing, usedforsecurity=False).hexdigest() + ".dir"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's sorted listing of names and SHA-256s."""
    if path.is_file():
        return file_digest(path, "sha256")
    digest = hashlib.sha256()
    for file in files_of(path):
        name = file.relative_to(path).as_posix()
        digest.update(f"{file_digest(file, 'sha256')}  {name}\n".encode())
    return digest.hexdigest()
