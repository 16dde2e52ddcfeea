"""A small valid project to break."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_samples import write_specs


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """Return the folder of specs of a small valid project."""
    return write_specs(tmp_path)
