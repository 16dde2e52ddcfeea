"""Text that means harm, made harmless."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.table import escape


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "\t=1", "\r\n=cmd|'/c'!A1"]
)
def test_formula_becomes_text(text):
    """No text cell begins as a spreadsheet's formula begins."""
    assert escape.csv(text).startswith("'")


@given(st.text())
def test_csv_text_is_never_a_formula(text):
    """Whatever the text, its cell is one line and begins with no sign of a formula."""
    cell = escape.csv(text)

    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert len(cell.splitlines()) <= 1
    assert escape.from_csv(cell) == escape.one_line(text)


@given(st.text())
def test_one_line_is_one_visible_line(text):
    """No escape sequence, direction mark or line break survives."""
    line = escape.one_line(text)

    assert len(line.splitlines()) <= 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", line)


@given(st.text(alphabet="ab<>&|`*_[]()!#~$\\{}\"'@\n:/"))
def test_markdown_holds_no_markup(text):
    """No HTML tag opens, no table cell ends, and nothing of Markdown is left bare."""
    cell = escape.markdown(text)

    assert "<" not in cell
    assert not re.search(r"(?<!\\)(\\\\)*[|`*_\[\]~$]", cell)
    assert html.unescape(re.sub(r"\\([\\`*_{}\[\]#|~$])", r"\1", cell)) == escape.one_line(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a | b",
        "![x](http://a.example/x.png)",
        "[x](javascript:alert(1))",
        "`code`",
        "https://a.example",
        "@everyone",
    ],
)
def test_markdown_injection(text):
    """Known attacks come out as the text that they are."""
    cell = escape.markdown(text)

    for live in ("<", "](", "![", " | ", "://", "@"):
        assert live not in re.sub(r"\\.", "", cell)


@given(st.text(alphabet='ab\\{}$&#%_~^<>|"\n'))
def test_latex_has_no_bare_special(text):
    """Every special character is escaped, and groups are balanced."""
    printed = escape.latex(text)
    bare = re.sub(r"\\(text[a-z]+\{\}|[&%$#_{}])", "", printed)

    assert not set(bare) & set('\\{}$&#%_~^<>|"')


def test_latex_injection():
    """A command in a cell is printed and not run."""
    assert escape.latex(r"\input{/etc/passwd}") == r"\textbackslash{}input\{/etc/passwd\}"
