"""All messages of one thoroughly broken project."""

from __future__ import annotations

from pathlib import Path

from spec_samples import STEPS

from harness.spec.check import check_specs
from harness.spec.problem import render

HERE = Path(__file__).parent


def test_every_problem_of_every_file_is_reported_at_once() -> None:
    """The messages for the broken project are those of the golden file."""
    expected = (HERE / "broken.txt").read_text(encoding="utf-8")

    assert render(check_specs(HERE / "broken/specs", STEPS).problems) + "\n" == expected
