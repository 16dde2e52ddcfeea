"""`harness claims` and the table that it prints."""

import io
import json
import re

import pytest
from report_samples import CLAIMS, paper, params, write

from harness.cli.main import main
from harness.formats import jsonfile
from harness.report import terminal
from harness.report.verdicts import evaluate

AGREEING = {name: one for name, one in CLAIMS.items() if name != "accuracy-differs"}
ESCAPE = re.compile(r"\x1b\[\d+m")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Say yes."""
        return True


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a project with verdicts, and stand in it."""

    def make(claims=CLAIMS):
        (tmp_path / "specs/profile").mkdir(parents=True)
        (tmp_path / "specs/config.yaml").touch()
        (tmp_path / "specs/profile/smoke.yaml").touch()
        (tmp_path / "specs/profile/paper.yaml").touch()
        (tmp_path / "params.yaml").write_text("profile:\n  name: smoke\n")
        spec = paper(claims)
        write(tmp_path, spec)
        report = evaluate(tmp_path, params(spec))
        jsonfile.write(tmp_path / "results/smoke/verdicts.json", report.as_json())
        monkeypatch.chdir(tmp_path)
        return report

    return make


@pytest.mark.parametrize(("claims", "status"), [(CLAIMS, 1), (AGREEING, 0), ({}, 0)])
def test_status_agrees_with_the_verdicts(project, capsys, claims, status):
    """The status is 1 exactly when a claim is different, in text and in JSON alike."""
    report = project(claims)

    assert (main(["claims"]), main(["claims", "--json"]), report.status) == (status,) * 3
    assert ("1 different" in capsys.readouterr().out) is bool(status)


def test_text_has_every_claim(project, capsys):
    """Every claim stands in the text with its verdict, and no colour goes into a pipe."""
    report = project()
    main(["claims", "nonn"])

    said = capsys.readouterr().out
    assert "\x1b" not in said
    for one in report.claims():
        assert re.search(rf"^{one.outcome.claim} .*{one.outcome.verdict}", said, re.MULTILINE)


def test_json_is_the_report(project, capsys):
    """The JSON on the terminal is that of the file."""
    report = project()
    main(["claims", "nonn", "--json"])

    assert json.loads(capsys.readouterr().out) == report.as_json()


@pytest.mark.parametrize(
    ("words", "status", "hint"),
    [
        (["non"], 2, "did you mean 'nonn'?"),
        (["zebra"], 2, "there are: nonn"),
        (["--profile", "smok"], 2, "did you mean 'smoke'?"),
        (["--profile", "paper"], 1, "harness repro"),
    ],
)
def test_wrong_words(project, capsys, words, status, hint):
    """A wrong name is wrong use with a near miss; a profile without verdicts is a plain no."""
    project()

    assert main(["claims", *words]) == status
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize("width", [60, 72, 80, 120, 200])
def test_width(project, width):
    """No line is longer than the terminal is wide, and a name is whole."""
    report = project()

    text = terminal.dumps(report, width)

    assert max(map(len, text.splitlines())) <= width
    assert "accuracy-differs" in text
    assert ("tolerance  " in text) is (width >= 90)


def test_colour_only_where_it_helps(project):
    """A terminal gets colours unless NO_COLOR is set; the words are the same."""
    report = project()
    coloured, plain, file = Terminal(), Terminal(), io.StringIO()

    terminal.print_report(report, coloured, {})
    terminal.print_report(report, plain, {"NO_COLOR": "1"})
    terminal.print_report(report, file, {})

    assert ESCAPE.sub("", coloured.getvalue()) == plain.getvalue()
    assert coloured.getvalue() != plain.getvalue()
    assert "\x1b" not in plain.getvalue() + file.getvalue()


def test_stream_that_knows_no_sign(project):
    """A stream of another encoding gets a question mark for what it cannot show."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    terminal.print_report(project(), stream, {})
    stream.flush()

    assert b"? 1 % of" in raw.getvalue()


def test_no_escape_sequence_of_a_spec(tmp_path):
    """What a fault says cannot colour or move the cursor of a terminal."""
    report = evaluate(tmp_path, params(paper()), {"nonn/teacher": "\x1b[2J\x07gone"})

    assert "\x1b" not in terminal.dumps(report, 80)
