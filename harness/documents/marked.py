"""The generated part of a hand-written document: what stands between two comments."""

from __future__ import annotations

from harness.errors import HarnessError


def replaced(text: str, name: str, content: str) -> str:
    """Return `text` with `content` between the comments `begin <name>` and `end <name>`.

    Raises
    ------
    HarnessError
        The document does not have both comments once, in this order.
    """
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    before, found, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end) or begin in rest or end in before + after:
        raise HarnessError(
            f"the document does not have the lines {begin.strip()} and {end} once, in this order",
            "put them back around the generated part",
        )
    return f"{before}{begin}{content}{end}{after}"
