"""The three writers of one model."""

import csv as stdlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_samples import COLUMNS, row, table

from harness.errors import HarnessError
from harness.formats import rows
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from harness.table import latex, markdown
from harness.table.csv import cells, parse
from harness.table.model import content
from harness.table.params import TableParams
from harness.table.step import render

HARM = "=<b>|$x_1\\input{a}"


def harmful():
    """A table with harm in every text."""
    columns = {**COLUMNS, "accuracy": {"heading": HARM, "unit": "percent", "digits": 1}}
    return content("harm", table(columns, caption=HARM), [row(HARM, accuracy=-1.25)])


def test_csv_is_plain():
    """The CSV has machine names above and a number, also a negative one, as it is."""
    assert rows.dumps(cells(harmful())) == (
        "network,students,accuracy,parameters\n'=<b>|$x_1\\input{a},2,-1.2,1000\n"
    )


def test_markdown_is_a_table():
    """The Markdown has the caption, units above and numbers on the right."""
    made = markdown.dumps(content("t", table(), [row()]))

    assert made == (
        "Accuracy.\n"
        "\n"
        "| Network | Students | Accuracy (percent) | Parameters (count) |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| wrn | 2 | 90.00 | 1000 |\n"
    )


def test_markdown_keeps_harm_in_its_cell():
    """Harmful text neither opens a tag nor ends a cell."""
    made = markdown.dumps(harmful())
    lines = made.splitlines()

    assert "<" not in made
    assert {line.replace("\\|", "").count("|") for line in lines[2:]} == {5}


def test_latex_is_a_table():
    """The LaTeX is a table environment with caption, label and rules of booktabs."""
    made = latex.dumps(content("compression", table(), [row("[wrn]")]))

    assert "\\caption{Accuracy.}\n\\label{tab:compression}\n\\begin{tabular}{lrrr}" in made
    assert "{}Network & Students & Accuracy (percent) & Parameters (count) \\\\\n" in made
    assert "{}[wrn] & 2 & 90.00 & 1000 \\\\\n" in made


def test_latex_keeps_harm_in_its_cell():
    """No command of a text is left."""
    assert "\\input" not in latex.dumps(harmful())


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5, unique=True))
def test_csv_is_read_back(names):
    """Whatever the text, a table has the cells that were written."""
    spec = table({**COLUMNS, "network": {"heading": "N"}})
    made = content("t", spec, [row(name) for name in names])
    written = rows.dumps(cells(made))

    assert list(parse(written.encode()).rows) == cells(made)
    assert len(list(stdlib.reader(io.StringIO(written)))) == len(made.rows) + 1


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"a,a\n1,2\n", "twice"),
        (b"a,b\n1\n", "line 2"),
        (b"a,b\n1,2\n1,2,3\n", "line 3"),
        (b"\xff\xfe", "UTF-8"),
        (b'a\n"b', "CSV"),
    ],
)
def test_what_is_no_table(content, word):
    """A file that is no table is refused with what is wrong."""
    with pytest.raises(HarnessError, match=word):
        parse(content)


def test_step_writes_three_files(tmp_path):
    """The step reads the rows of its inputs, seeds among them, and writes the table three times."""
    for seed in (0, 1):
        rows.write(tmp_path / f"{seed}.csv", [row(accuracy=90.0 + seed)])
    rows.write(tmp_path / "costs.csv", [row("vgg", seed=0)])
    spec = table(rows=("train.rows", "costs.rows"), over_seeds=("accuracy",))
    inputs = Inputs(
        {
            "costs__rows": {None: tmp_path / "costs.csv"},
            "train__rows": {0: tmp_path / "0.csv", 1: tmp_path / "1.csv"},
        }
    )
    kinds = {"csv": "rows", "markdown": "text", "latex": "text"}
    names = {"csv": "a.csv", "markdown": "a.md", "latex": "a.tex"}

    render(
        inputs,
        TableParams(name="accuracy", inputs=("train__rows", "costs__rows"), table=spec),
        Outputs(kinds, tmp_path / "out", names),
        Run("nonn", "table-accuracy", 0, Checkpoint(None), Progress("table")),
    )

    assert (tmp_path / "out/csv/a.csv").read_text() == (
        "network,students,accuracy,accuracy_std,parameters,seeds\n"
        "wrn,2,90.50,0.71,1000,2\n"
        "vgg,2,90.00,,1000,1\n"
    )
    assert "| wrn | 2 | 90.50 | 0.71 |" in (tmp_path / "out/markdown/a.md").read_text()
    assert "90.50 & 0.71" in (tmp_path / "out/latex/a.tex").read_text()
