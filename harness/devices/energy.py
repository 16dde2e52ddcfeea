"""Joules that this machine has used: by the counters of its processors, or by its battery.

Intel's and AMD's processors count the energy of each package (RAPL; Linux, "Power Capping
Framework"). That is all that runs on the machine, the host's part of a measurement with it. A
battery's gauge tells what is left in it, while no charger hides what is used (Linux, "Linux power
supply class").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.errors import HarnessError

_POWERCAP = Path("/sys/class/powercap")
_SUPPLY = Path("/sys/class/power_supply")
_PACKAGE = re.compile(r"package-\d+(-die-\d+)?")
_MICRO = 1e-6
_MICROWATT_HOUR = 3600e-6
_RAPL_PERIOD_S = 0.2
_BATTERY_PERIOD_S = 20.0


class Gauge(Protocol):
    """What counts joules from its own beginning on."""

    def joules(self) -> float:
        """Return the joules since the gauge was made."""
        ...


@dataclass(frozen=True)
class Meter:
    """Everything of one machine that counts joules.

    Parameters
    ----------
    name
        What counts: ``RAPL package-0``.
    period_s
        Seconds that two readings should lie apart, since a gauge moves in steps.
    gauges
        What is added up.
    """

    name: str
    period_s: float
    gauges: tuple[Gauge, ...]

    def joules(self) -> float:
        """Return the joules that were used since the meter was made.

        A processor's counter begins anew after some minutes of full load, which is noticed when
        the meter is read at least once in that time.

        Raises
        ------
        HarnessError
            A gauge cannot be read any more, or a charger was plugged in.
        """
        return sum(gauge.joules() for gauge in self.gauges)


def meter(powercap: Path = _POWERCAP, supply: Path = _SUPPLY) -> Meter | None:
    """Return what counts the energy of this machine; None when nothing does.

    Parameters
    ----------
    powercap, supply
        The folders in which Linux shows the counters of processors, and batteries.
    """
    found = _found(powercap, supply)
    return found if isinstance(found, Meter) else None


def unavailable_because(powercap: Path = _POWERCAP, supply: Path = _SUPPLY) -> str:
    """Say why `meter` gives none; empty when it gives one."""
    found = _found(powercap, supply)
    return "" if isinstance(found, Meter) else found


def _found(powercap: Path, supply: Path) -> Meter | str:
    reasons = []
    sources = (
        (_packages(powercap), _Package.open, "RAPL", _RAPL_PERIOD_S),
        (_batteries(supply), _Battery.open, "battery", _BATTERY_PERIOD_S),
    )
    for places, start, name, period_s in sources:
        try:
            gauges: tuple[Gauge, ...] = tuple(start(place) for place in places.values())
        except HarnessError as error:
            # Less than all of them would be another number, and not a smaller one of the same kind.
            reasons.append(error.message)
            continue
        if gauges:
            return Meter(f"{name} {', '.join(places)}", period_s, gauges)
    nothing = f"the system shows no energy counter of a processor in {powercap}, and no battery"
    return "; ".join(reasons) or nothing


def _packages(powercap: Path) -> dict[str, Path]:
    """The folder of each processor package, by its name; one that is shown twice counts once."""
    places = sorted(_entries(powercap), key=lambda place: ("mmio" in place.name, place.name))
    found: dict[str, Path] = {}
    for place in places:
        name = _text(place / "name") or ""
        if _PACKAGE.fullmatch(name):
            found.setdefault(name, place)
    return found


def _batteries(supply: Path) -> dict[str, Path]:
    """The folders of the batteries that feed the machine, and not a mouse."""
    return {
        place.name: place
        for place in sorted(_entries(supply))
        if _text(place / "type") == "Battery" and _text(place / "scope") != "Device"
    }


@dataclass
class _Package:
    """One counter of a processor package, which goes around.

    Parameters
    ----------
    place
        Its folder.
    limit
        Microjoules at which it begins anew.
    last
        Microjoules when it was last read.
    counted
        Microjoules from the beginning to then.
    """

    place: Path
    limit: int
    last: int
    counted: int = 0

    @classmethod
    def open(cls, place: Path) -> _Package:
        """Begin to count; HarnessError when the system lets nobody read it."""
        return cls(place, _number(place / "max_energy_range_uj"), _number(place / "energy_uj"))

    def joules(self) -> float:
        """Return the joules since the beginning."""
        now = _number(self.place / "energy_uj")
        self.counted += now - self.last + (self.limit if now < self.last else 0)
        self.last = now
        return self.counted * _MICRO


@dataclass
class _Battery:
    """The gauge of one battery that nothing charges.

    Parameters
    ----------
    place
        Its folder.
    full
        Joules that were left at the beginning.
    """

    place: Path
    full: float

    @classmethod
    def open(cls, place: Path) -> _Battery:
        """Begin to count; HarnessError when it is charged or does not tell."""
        return cls(place, _left(place))

    def joules(self) -> float:
        """Return the joules since the beginning."""
        return self.full - _left(self.place)


def _left(place: Path) -> float:
    """The joules that are left in a battery."""
    status = _text(place / "status")
    if status != "Discharging":
        raise HarnessError(
            f"battery {place.name} is not discharging ({(status or 'unknown').lower()}), "
            "and so does not tell what is used",
            "unplug the charger",
        )
    if (place / "energy_now").exists():
        return _number(place / "energy_now") * _MICROWATT_HOUR
    voltage = _number(place / "voltage_now") * _MICRO
    return _number(place / "charge_now") * _MICROWATT_HOUR * voltage


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="utf-8"))
    except PermissionError:
        raise HarnessError(
            f"{path} may not be read by this user", "measure as root, or permit it"
        ) from None
    except OSError as error:
        raise HarnessError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError:
        raise HarnessError(f"{path} holds no whole number") from None
