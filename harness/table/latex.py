"""A table in LaTeX, for the booktabs package."""

from __future__ import annotations

from collections.abc import Iterable

from harness.table.escape import latex
from harness.table.model import TableContent, is_number, text


def dumps(content: TableContent) -> str:
    """Return `content` as a `table` environment with caption and label."""
    columns = "".join(
        "r" if any(is_number(row[place]) for row in content.rows) else "l"
        for place in range(len(content.headings))
    )
    heads = [
        head.heading if head.unit is None else f"{head.heading} ({head.unit})"
        for head in content.headings
    ]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex(content.caption)}}}",
        rf"\label{{tab:{content.name}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line(heads),
        r"\midrule",
        *(_line(map(text, row)) for row in content.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    # An empty group keeps a cell that begins with "[" or "*" from being an option of "\\".
    return rf"{{}}{' & '.join(latex(cell) for cell in cells)} \\"
