"""The text of a spec file: decoded, and free of characters that YAML readers treat differently."""

from __future__ import annotations

import os
import re
import stat
from itertools import islice
from pathlib import Path as FilePath

from harness.spec.problem import Problem, shown

LARGEST_FILE = 1_000_000
"""In bytes."""

# Control characters, the line breaks that only some YAML versions know, byte-order marks inside
# the text, the marks that reverse the direction of text and so hide what a line says, and
# characters of no width, by which two texts differ that look the same.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028\u2029"
    "\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
"""Characters that no text of a spec may hold, not even by an escape."""

# Readers of YAML disagree about where a tab may stand.
_IN_A_FILE = re.compile(rf"{FORBIDDEN.pattern}|\t")

# A file with more of them is not text, and each position costs a pass over the file.
_TOLD = 20

_BOM = b"\xef\xbb\xbf"


def content_of(path: FilePath, home: FilePath) -> tuple[bytes, str]:
    """Return the bytes of a spec file, or why it cannot be one.

    Only a file is read, and no more of it than `LARGEST_FILE`: neither a pipe that nobody writes
    to nor a device without end can hold up the reader.

    Parameters
    ----------
    home
        The project's folder, out of which no symbolic link may lead.
    """
    try:
        if not path.resolve(strict=True).is_relative_to(home.resolve()):
            return b"", "the file is a symbolic link that leads out of the project"
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                return b"", "it is not a file"
            if about.st_size > LARGEST_FILE:
                return b"", f"the file has {about.st_size} bytes; at most {LARGEST_FILE} are read"
            return file.read(LARGEST_FILE + 1), ""
    except RuntimeError:
        return b"", "the file is a symbolic link that leads to itself"
    except OSError as error:
        said = (error.strerror or "unknown reason").lower()
        return b"", f"the file cannot be read: {said}"


def decode(file: str, content: bytes, largest: int) -> tuple[str, list[Problem]]:
    """Return the text of a file, with `\\n` at the end of each line, and its problems.

    A file with a problem here has no text.
    """
    if len(content) > largest:
        message = f"the file has {len(content)} bytes"
        return "", [Problem(file, 1, 1, "", "", message, f"at most {largest} bytes")]
    if content.startswith(_BOM):
        message = "the file begins with a byte-order mark; save it as UTF-8 without one"
        return "", [Problem(file, 1, 1, "", "", message)]
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line, column = _position(content[: error.start].decode())
        message = f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        return "", [Problem(file, line, column, "", "", message)]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = islice(_IN_A_FILE.finditer(text), _TOLD)
    problems = [_forbidden(file, text, match) for match in first]
    return ("" if problems else text), problems


def _forbidden(file: str, text: str, match: re.Match[str]) -> Problem:
    line, column = _position(text[: match.start()])
    name = "tab" if match.group() == "\t" else f"control character U+{ord(match.group()):04X}"
    advice = "; indent with spaces" if match.group() == "\t" else ""
    message = f"the {name} is not allowed{advice}"
    return Problem(file, line, column, "", shown(match.group()), message)


def _position(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")
