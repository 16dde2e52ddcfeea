"""The table of claims on a terminal."""

import io
import re

import pytest
from report_samples import paper, params, write

from harness.report import terminal
from harness.report.verdicts import evaluate

ESCAPE = re.compile(r"\x1b\[\d+m")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Say yes."""
        return True


@pytest.fixture
def report(tmp_path):
    """Give the report of one paper."""
    spec = paper()
    write(tmp_path, spec)
    return evaluate(tmp_path, params(spec))


@pytest.mark.parametrize("width", [60, 72, 80, 120, 200])
def test_width(report, width):
    """No line is longer than the terminal is wide, and a name is whole."""
    text = terminal.dumps(report, width)

    assert max(map(len, text.splitlines())) <= width
    assert "accuracy-differs" in text
    assert ("tolerance  " in text) is (width >= 90)


def test_colour_only_where_it_helps(report):
    """A terminal gets colours unless NO_COLOR is set; the words are the same."""
    coloured, plain, file = Terminal(), Terminal(), io.StringIO()

    terminal.print_report(report, coloured, {})
    terminal.print_report(report, plain, {"NO_COLOR": "1"})
    terminal.print_report(report, file, {})

    assert ESCAPE.sub("", coloured.getvalue()) == plain.getvalue()
    assert coloured.getvalue() != plain.getvalue()
    assert "\x1b" not in plain.getvalue() + file.getvalue()


def test_stream_that_knows_no_sign(report):
    """A stream of another encoding gets a question mark for what it cannot show."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    terminal.print_report(report, stream, {})
    stream.flush()

    assert b"? 1 % of" in raw.getvalue()


def test_no_escape_sequence_of_a_spec(tmp_path):
    """What a fault says cannot colour or move the cursor of a terminal."""
    report = evaluate(tmp_path, params(paper()), {"nonn/teacher": "\x1b[2J\x07gone"})

    assert "\x1b" not in terminal.dumps(report, 80)
