"""Units of reported and reproduced values."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from harness.spec.problem import near, shown

if TYPE_CHECKING:
    import pint

RATIO = "x"
COUNT = "count"

# Loading pint takes longer than checking every spec. The units that specs use every day are
# therefore known here: what they measure, and how much of it. A test asks pint about each.
_EVERYDAY = {
    RATIO: ("number", 1.0),
    COUNT: ("number", 1.0),
    "percent": ("number", 0.01),
    "byte": ("information", 1.0),
    "kilobyte": ("information", 1e3),
    "megabyte": ("information", 1e6),
    "second": ("time", 1.0),
    "ms": ("time", 1e-3),
    "joule": ("energy", 1.0),
    "millijoule": ("energy", 1e-3),
    "watt": ("power", 1.0),
}


# Names of units with their powers, joined by '*' and '/'. pint evaluates a power of powers for
# hours, and takes `byte<b>` for a byte.
_WORD = r"[A-Za-z\u00b5\u03bc\u03a9\u2126\u00b0%]{1,40}(?:_[a-z]{1,20}){0,4}"
_FACTOR = rf"{_WORD}(?: ?(?:\*\*|\^) ?-?[0-9]{{1,2}})?"
_FORM = re.compile(rf"(?:1 ?/ ?)?{_FACTOR}(?: ?[*/] ?{_FACTOR}){{0,7}}")


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
    if not _FORM.fullmatch(unit):
        raise ValueError(f"{shown(unit)} is not a unit that pint knows{near(unit, _EVERYDAY)}")
    try:
        _registry().parse_units(unit)
    except Exception as error:  # pint raises many types, also tokenizer errors
        hint = near(unit, _EVERYDAY)
        raise ValueError(f"{shown(unit)} is not a unit that pint knows{hint}") from error
    return unit


def convert(value: float, unit: str, to: str) -> float:
    """Return `value` in `unit` expressed in `to`; raise ValueError when they do not compare."""
    if unit == to:
        return value
    if unit in _EVERYDAY and to in _EVERYDAY:
        return _convert_everyday(value, unit, to)
    import pint

    refusal = f"'{unit}' cannot be compared with '{to}'"
    if _measured(unit) != _measured(to):
        raise ValueError(refusal)
    try:
        return float(_registry().Quantity(value, unit).to(to).magnitude)
    except (pint.DimensionalityError, ArithmeticError) as error:
        raise ValueError(refusal) from error


def _convert_everyday(value: float, unit: str, to: str) -> float:
    (measured, size), (wanted, other) = _EVERYDAY[unit], _EVERYDAY[to]
    if measured != wanted:
        raise ValueError(f"'{unit}' cannot be compared with '{to}'")
    return value * (size / other)


@cache
def _measured(unit: str) -> frozenset[tuple[str, object]]:
    """What a unit measures: bits and radians too, which pint takes for bare numbers."""
    items = _registry().Quantity(1.0, unit).to_root_units().unit_items()
    return frozenset((name, power) for name, power in items if name not in (RATIO, COUNT))
