"""Addition."""

import math


def add(numbers: list[float]) -> float:
    """Return the sum of the numbers, rounded once."""
    return math.fsum(numbers)
