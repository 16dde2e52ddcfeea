"""The text of a spec file: decoded, and free of characters that YAML readers treat differently."""

from __future__ import annotations

import re
from itertools import islice

from harness.spec.problem import Problem, shown

LARGEST_FILE = 1_000_000
"""In bytes."""

# Control characters, the line breaks that only some YAML versions know, byte-order marks inside
# the text, and the marks that reverse the direction of text and so hide what a line says.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Characters that no text of a spec may hold, not even by an escape."""

# Readers of YAML disagree about where a tab may stand.
_IN_A_FILE = re.compile(rf"{FORBIDDEN.pattern}|\t")

# A file with more of them is not text, and each position costs a pass over the file.
_TOLD = 20

_BOM = b"\xef\xbb\xbf"


def decode(file: str, content: bytes) -> tuple[str, list[Problem]]:
    """Return the text of a file, with `\\n` at the end of each line, and its problems.

    A file with a problem here has no text.
    """
    if len(content) > LARGEST_FILE:
        message = f"the file has {len(content)} bytes"
        return "", [Problem(file, 1, 1, "", "", message, f"at most {LARGEST_FILE} bytes")]
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
