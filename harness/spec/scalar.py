"""What a plain YAML scalar means, where YAML 1.1, YAML 1.2 and Hydra agree about it.

The versions of YAML read `no`, `010`, `1:30` and `2019-10-13` in different ways. A spec that is
read in two ways cannot be reproduced, so such scalars are refused with the advice to quote them.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

from harness.spec.problem import shown
from harness.spec.source import FORBIDDEN

Value = str | int | float | bool | None

_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)")

# Each pattern with what the author probably meant; the first that matches is told.
_AMBIGUOUS = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (r"yes|no|on|off", "write true or false, or quote it when it is text"),
        (r"true|false|null", "write it in lower case, or quote it when it is text"),
        (r"[-+]?\.(?:inf|nan)", "a number here is finite; quote it when it is text"),
        (r"[-+]?0[xob][0-9a-f_]+", "write the number in decimal digits, or quote it"),
        (r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", "quote it: YAML reads base 60"),
        (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?", "quote it: YAML reads a date"),
        (
            r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:e[-+]?[0-9]+)?",
            "write the number as 0.5 or 1000, without leading zeros or '_', or quote the text",
        ),
        (r"=|<<", "quote it: YAML gives it a meaning of its own"),
    )
)

_LARGEST = 2**63
_TOO_LARGE = "the number does not fit into 64 bits"

LONGEST = 64_000
"""Of a text, in characters."""


def resolve(text: str) -> Value:
    """Return the value of a plain scalar.

    Raises
    ------
    ValueError
        With advice, when YAML's versions or Hydra read `text` in different ways, or when it is
        a number that does not fit into 64 bits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    for pattern, advice in _AMBIGUOUS:
        if pattern.fullmatch(text):
            raise ValueError(advice)
    return text


def _integer(text: str) -> int:
    # The length is looked at first: Python refuses to convert very long digit strings.
    if len(text) > 20 or number_fault(int(text)):
        raise ValueError(_TOO_LARGE)
    return int(text)


def number_fault(number: int) -> str | None:
    """Return why a whole number is refused; None when it is not."""
    return None if -_LARGEST <= number < _LARGEST else _TOO_LARGE


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("the number is too large")
    if not _keeps(value, text):
        # Another number than the author wrote would be compared, and could be called exact.
        raise ValueError(f"it has more digits than a number here keeps, and would be {value!r}")
    return value


def _keeps(value: float, text: str) -> bool:
    try:
        return Decimal(text) == Decimal(repr(value))
    except InvalidOperation:  # an exponent beyond all bounds
        return False


def text_fault(text: str) -> str | None:
    """Return why a text is refused, quoted or not; None when it is not."""
    if len(text) > LONGEST:
        return f"the text has {len(text)} characters, more than {LONGEST}"
    if "${" in text:
        return f"{shown(text)} holds an interpolation (${{…}}); write the value out"
    if text == "???":
        return "'???' is Hydra's mark for a missing value; write the value out"
    found = FORBIDDEN.search(text)
    return f"{shown(text)} holds a control character" if found else None


def key_fault(text: str) -> str | None:
    """Return why a key is refused, quoted or not; None when it is not."""
    if text.startswith("_"):
        return f"the key {shown(text)} begins with an underscore, as keys of Hydra's own do"
    return text_fault(text)


def plain_key_fault(text: str) -> str | None:
    """Return why a key without quotes is refused; None when it is not."""
    if text == "<<":
        return "merge keys (<<) are not allowed; write the values out"
    try:
        is_text = isinstance(resolve(text), str)
    except ValueError:
        is_text = False
    return None if is_text else f"the key {shown(text)} is not text; quote it when it is meant so"
