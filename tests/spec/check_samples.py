"""Changes of the small project, and what the checks say of it."""

from __future__ import annotations

from pathlib import Path

from spec_samples import STEPS

from harness.spec.check import check_specs
from harness.spec.problem import render

SUMS = "papers/sums.yaml"


def problems(specs: Path) -> str:
    """Return every problem of the specs, as a user sees them."""
    return render(check_specs(specs, STEPS).problems)


def change(specs: Path, file: str, old: str, new: str) -> None:
    """Replace `old` by `new` in a spec."""
    path = specs / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
