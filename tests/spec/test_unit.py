"""The units that are known without pint."""

from __future__ import annotations

import pytest

from harness.spec.unit import _EVERYDAY, _registry, check_unit, convert


@pytest.mark.parametrize("unit", _EVERYDAY)
@pytest.mark.parametrize("to", _EVERYDAY)
def test_everyday_units_convert_as_pint_converts_them(unit: str, to: str) -> None:
    """The short way round pint gives pint's answer; bytes are not a bare number, as in pint."""
    if _EVERYDAY[unit][0] != _EVERYDAY[to][0]:
        with pytest.raises(ValueError, match="cannot be compared"):
            convert(1.0, unit, to)
        return

    expected = _registry().Quantity(3.0, unit).to(to).magnitude

    assert convert(3.0, unit, to) == pytest.approx(expected, rel=1e-12)


def test_other_units_are_asked_of_pint() -> None:
    """What pint knows is a unit; what it does not know has a near miss."""
    assert check_unit("kibibyte") == "kibibyte"
    assert convert(1.0, "kibibyte", "byte") == 1024.0
    with pytest.raises(ValueError, match="did you mean 'kilobyte'"):
        check_unit("kilobites")


@pytest.mark.parametrize(
    ("unit", "to"),
    [("kibibyte", "x"), ("count", "mebibyte"), ("bit", "percent"), ("degree", "x"),
     ("rpm", "hertz"), ("byte**2", "byte"), ("ppm", "byte")],
)  # fmt: skip
def test_bits_and_angles_are_no_bare_numbers(unit: str, to: str) -> None:
    """A unit of information or of an angle never compares with a ratio, whatever pint thinks."""
    with pytest.raises(ValueError, match="cannot be compared"):
        convert(1.0, unit, to)


@pytest.mark.parametrize(
    ("unit", "to", "expected"),
    [("bps", "byte/second", 0.125), ("ppm", "percent", 1e-4), ("degree", "degree", 1.0),
     ("mebibyte/second", "kibibyte/second", 1024.0)],
)  # fmt: skip
def test_rates_of_bits_still_convert(unit: str, to: str, expected: float) -> None:
    """Units of the same kind convert, also composed ones."""
    assert convert(1.0, unit, to) == pytest.approx(expected, rel=1e-12)
