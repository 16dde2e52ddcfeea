"""Units of reported and reproduced values."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

RATIO = "x"
COUNT = "count"

# Loading pint takes longer than checking every spec. The units that specs use every day are
# therefore known by name; a test asks pint about each of them.
_EVERYDAY = frozenset(
    {
        RATIO,
        COUNT,
        "percent",
        "byte",
        "kilobyte",
        "megabyte",
        "second",
        "ms",
        "joule",
        "millijoule",
        "watt",
    }
)


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    registry.define("x = [] = x")
    return registry


def check_unit(unit: str) -> str:
    """Return `unit` when it is a unit; raise ValueError otherwise."""
    if unit in _EVERYDAY:
        return unit
    try:
        _registry().parse_units(unit)
    except Exception as error:  # pint raises many types, also tokenizer errors
        raise ValueError(f"'{unit}' is not a unit that pint knows") from error
    return unit


def convert(value: float, unit: str, to: str) -> float:
    """Return `value` in `unit` expressed in `to`; raise ValueError when they do not compare."""
    if unit == to:
        return value
    import pint

    try:
        return float(_registry().Quantity(value, unit).to(to).magnitude)
    except pint.DimensionalityError as error:
        raise ValueError(f"'{unit}' cannot be compared with '{to}'") from error
