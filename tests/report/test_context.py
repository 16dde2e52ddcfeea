"""What neighbouring works state, beside the claims."""

from report_samples import CLAIMS, paper, params, write

from harness.report import markdown, results
from harness.report.verdicts import evaluate
from harness.spec.claim import Context

NEIGHBOUR = {
    "says": "A network alike reaches 99 %.",
    "source": {"publication": "first", "where": "table 9", "certainty": "table"},
    "reported": {"value": 99, "unit": "percent"},
    "differs": "it is ten times as large",
}


def test_context_is_shown_and_not_judged(tmp_path):
    """The report shows a neighbour's number with what differs; claims and coverage stay."""
    plain = paper(CLAIMS)
    spec = plain.model_copy(update={"context": {"alike": Context(**NEIGHBOUR)}})
    write(tmp_path, spec)
    asked = params(spec)
    report = evaluate(tmp_path, asked)
    text = markdown.dumps(report, results.in_folder(tmp_path, "smoke", asked.papers), asked.papers)

    assert report.papers[0].coverage.total == len(CLAIMS)
    assert "### Context: what neighbouring works state" in text
    row = next(line for line in text.splitlines() if "**alike**" in line)
    assert "99 %" in row
    assert "table 9" in row
    assert "it is ten times as large" in row


def test_report_without_context_has_no_section_for_it(tmp_path):
    """A paper without context has no such section."""
    spec = paper(CLAIMS)
    write(tmp_path, spec)
    asked = params(spec)
    report = evaluate(tmp_path, asked)

    assert "### Context" not in markdown.dumps(
        report, results.in_folder(tmp_path, "smoke", asked.papers), asked.papers
    )
