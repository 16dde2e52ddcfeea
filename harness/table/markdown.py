"""A table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from harness.table.escape import markdown
from harness.table.model import Heading, TableContent, is_number, text


def dumps(content: TableContent) -> str:
    """Return `content` as a Markdown table with its caption; columns of numbers lie right."""
    heads = [head(heading) for heading in content.headings]
    right = [
        any(is_number(row[place]) for row in content.rows) for place in range(len(content.headings))
    ]
    body = [[markdown(text(cell)) for cell in row] for row in content.rows]
    return f"{markdown(content.caption)}\n\n{grid(heads, body, right)}"


def grid(heads: Sequence[str], body: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Return a Markdown table of cells that are escaped already; `right` marks right columns."""
    rule = ["---:" if one else "---" for one in right]
    return "".join(f"| {' | '.join(line)} |\n" for line in (heads, rule, *body))


def head(heading: Heading) -> str:
    """Return the escaped head of a column, with its unit."""
    unit = f" ({heading.unit})" if heading.unit else ""
    return markdown(heading.heading + unit)
