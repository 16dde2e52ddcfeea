"""Faults of the disk and of committed files, in words, each with a way back.

The standard library alone, since the launcher tells them under any Python.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Mapping

from harness.errors import HarnessError

_WAYS_BACK: Mapping[int, str] = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "free some space of your quota, or have it raised",
    errno.EROFS: "make the file system writable, or work in a clone elsewhere",
    errno.EIO: "check the disk, which may be failing",
    errno.EFBIG: "raise the limit on the size of a file (`ulimit -f`)",
    errno.EMFILE: "raise the limit on open files (`ulimit -n`)",
    errno.ENFILE: "close other programs: the machine has too many files open",
    errno.EACCES: "give yourself the permission",
    errno.EPERM: "give yourself the permission",
}


def system_fault(error: OSError) -> HarnessError:
    """Return what to tell of a fault of the operating system: the file, its words, a way back."""
    path = error.filename2 or error.filename
    where = f"{os.fsdecode(path)}: " if isinstance(path, str | bytes | os.PathLike) else ""
    said = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    mending = _WAYS_BACK.get(error.errno or 0, "mend that")
    return HarnessError(f"{where}{said}", f"{mending}; then run the command again")


def told(fault: HarnessError | OSError) -> HarnessError:
    """Return what to tell of `fault`, whichever of the two it is."""
    return fault if isinstance(fault, HarnessError) else system_fault(fault)


def way_back(path: str | os.PathLike[str], instead: str = "") -> str:
    """Return the command that brings a committed file back from git; `instead` is another way."""
    name = os.path.relpath(path)
    # git puts no file where a folder with other files is.
    remove = f"rm -r {shlex.quote(name)} && " if os.path.isdir(path) else ""
    other = f", or {instead}" if instead else ""
    return f"restore it with `{remove}git checkout -- {shlex.quote(name)}`{other}"
