"""Projects to attack, and the messages that a user then sees."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
for room in ("spec", "data", "table", "devices", "report"):
    if str(TESTS / room) not in sys.path:
        sys.path.append(str(TESTS / room))

from spec_samples import write_specs  # noqa: E402 - its folder has just been made known


@pytest.fixture
def specs(tmp_path):
    """Give the folder of specs of a small valid project."""
    return write_specs(tmp_path / "project")
