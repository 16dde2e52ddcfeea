"""Text from specs and stages, made harmless in the places that it is written to."""

from __future__ import annotations

import unicodedata

_MARKDOWN = {character: f"\\{character}" for character in "\\`*_{}[]#|~$"} | {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "!": "&#33;",
    "@": "&#64;",
}
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
} | {character: f"\\{character}" for character in "&%$#_{}"}
# Some spreadsheets take the fullwidth forms for the signs themselves.
_FORMULA = ("=", "+", "-", "@", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# A line or paragraph separator, and every control, format, surrogate and private character: among
# them escape sequences of terminals and marks that turn the direction of writing.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def one_line(text: str) -> str:
    """Return `text` on one line, each run of blanks and unseen characters as one space."""
    seen = (" " if unicodedata.category(one) in _UNSEEN else one for one in text)
    return " ".join("".join(seen).split())


def markdown(text: str) -> str:
    """Return `text` so that Markdown and HTML show it as it is, also in a table's cell."""
    escaped = "".join(_MARKDOWN.get(one, one) for one in one_line(text))
    # GitHub makes links of bare addresses; a colon as an entity keeps them text.
    return escaped.replace("://", "&#58;//").replace("www.", "www&#46;")


def latex(text: str) -> str:
    """Return `text` so that LaTeX prints it as it is."""
    return "".join(_LATEX.get(one, one) for one in one_line(text))


def csv(text: str) -> str:
    """Return `text` so that a spreadsheet takes it for text and never for a formula.

    An apostrophe goes before a text that begins with one of ``= + - @ '``, fullwidth or not; so
    two texts never become the same cell.
    """
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line


def from_csv(cell: str) -> str:
    """Return the text that `csv` made `cell` of."""
    return cell.removeprefix("'")
