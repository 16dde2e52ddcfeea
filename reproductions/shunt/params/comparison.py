"""Parameters of the comparison of what a search has foreseen with what came of it."""

from __future__ import annotations

from harness.steps import Params


class ComparisonParams(Params):
    """Nothing: every system of the search is held against its plain final training."""
