"""Claims of which the spec says that they come out different, and why."""

import pytest
from pydantic import ValidationError
from report_samples import cell, claim, paper, params, write

from harness.report import markdown, results
from harness.report.verdicts import evaluate

WHY = "the count is of another network"
MISS = claim({"absolute": 0.5}, cell("nonn", 2, "accuracy"), 96.0, "percent")
HIT = claim({"absolute": 0.5}, cell("nonn", 2, "accuracy"), 94.5, "percent")
LATER = {**MISS, "decided_from": "paper"}


def judged(tmp_path, **claims):
    """Return the report on some claims, and its text."""
    spec = paper(claims)
    write(tmp_path, spec)
    asked = params(spec)
    report = evaluate(tmp_path, asked)
    found = results.in_folder(tmp_path, "smoke", asked.papers)
    return report, markdown.dumps(report, found, asked.papers)


def test_a_known_miss_stays_different_and_fails_no_run(tmp_path):
    """The verdict is "different" with the spec's reason, the status 0, and the report says why."""
    report, text = judged(tmp_path, miss={**MISS, "differs": WHY})
    (one,) = report.claims()

    assert (one.outcome.verdict, one.outcome.reason) == ("different", WHY)
    assert report.status == 0
    assert f"### Different, and why\n\n- miss: {WHY}" in text
    assert report.papers[0].coverage.claims["different"] == 1


def test_a_miss_without_a_reason_fails_the_run(tmp_path):
    """The status is 1 when one claim is different and the spec does not say why."""
    report, text = judged(tmp_path, known={**MISS, "differs": WHY}, other=MISS)

    assert report.status == 1
    assert "- other:" not in text


def test_a_claim_that_agrees_although_it_is_said_to_differ_fails_the_run(tmp_path):
    """A reason for a difference that is not there is wrong: the status is 1, and that is told."""
    report, text = judged(tmp_path, hit={**HIT, "differs": WHY})
    (one,) = report.claims()

    assert one.outcome.verdict == "exact"
    assert report.status == 1
    assert f"- hit agrees, and the spec says why it differs: {WHY}" in text


def test_a_known_miss_that_nobody_could_check_is_not_verified(tmp_path):
    """Where the profile cannot decide, the reason for the difference decides nothing."""
    report, _ = judged(tmp_path, later={**LATER, "differs": WHY})
    (one,) = report.claims()

    assert one.outcome.verdict == "not verified"
    assert report.status == 0


def test_what_is_not_compared_cannot_be_said_to_differ():
    """A reason for a difference needs a comparison."""
    needs = claim(None, None, 12, "joule", needs="needs eight Raspberry Pis", differs=WHY)

    with pytest.raises(ValidationError, match="'differs' goes with 'agrees'"):
        paper({"energy": needs})
