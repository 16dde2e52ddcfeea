"""A finished project to damage."""

import pytest
from damage import Damaged


@pytest.fixture
def damaged(toy):
    """Give a copy of the finished project."""
    return Damaged(toy)
