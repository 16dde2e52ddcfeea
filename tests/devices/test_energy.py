"""Joules, counted from folders such as Linux shows."""

import os

import pytest

from harness.devices.energy import meter, unavailable_because
from harness.errors import HarnessError

LIMIT = 262_143_328_850


def shown(folder, **files):
    """Make a folder of small files."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n")
    return folder


def package(root, number, energy_uj, control="intel-rapl", **more):
    """Make the counter of a processor package, with a part of it that is counted twice there."""
    files = {"energy_uj": energy_uj, "max_energy_range_uj": LIMIT, **more}
    shown(root / f"{control}:{number}:0", **{**files, "name": "core"})
    return shown(root / f"{control}:{number}", **{"name": f"package-{number}", **files})


def battery(root, **files):
    """Make a battery."""
    return shown(root / "BAT0", type="Battery", status="Discharging", **files)


@pytest.fixture
def places(tmp_path):
    """Give the folders of the counters and of the batteries, which do not exist yet."""
    return {"powercap": tmp_path / "powercap", "supply": tmp_path / "supply"}


def count(place, name, value):
    """Let a gauge show another number."""
    (place / name).write_text(f"{value}\n")


def test_packages_are_added_up_and_their_parts_are_not(places):
    """The joules are those of every package since the meter was made."""
    first = package(places["powercap"], 0, 5_000_000)
    second = package(places["powercap"], 1, 7_000_000)
    shown(places["powercap"] / "intel-rapl", enabled=1)
    shown(places["powercap"] / "intel-rapl:2", name="psys", energy_uj=1, max_energy_range_uj=9)

    found = meter(**places)

    assert found.name == "RAPL package-0, package-1"
    assert found.joules() == 0
    count(first, "energy_uj", 6_500_000)
    count(second, "energy_uj", 7_250_000)
    assert found.joules() == pytest.approx(1.75)
    assert unavailable_because(**places) == ""


def test_counter_that_begins_anew_goes_on(places):
    """A wrap-around is counted, each time that it happens."""
    place = package(places["powercap"], 0, LIMIT - 1_000_000)
    found = meter(**places)

    count(place, "energy_uj", 2_000_000)
    assert found.joules() == pytest.approx(3)
    count(place, "energy_uj", LIMIT)
    found.joules()
    count(place, "energy_uj", 1_000_000)
    assert found.joules() == pytest.approx(LIMIT * 1e-6 + 2)


def test_package_that_is_shown_twice_counts_once(places):
    """The second way to the same counter is left alone."""
    place = package(places["powercap"], 0, 0)
    again = package(places["powercap"], 0, 0, control="intel-rapl-mmio")
    found = meter(**places)

    count(place, "energy_uj", 1_000_000)
    count(again, "energy_uj", 5_000_000)

    assert found.joules() == pytest.approx(1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"energy_now": 50_000_000}, {"energy_now": 49_990_000}),
        (
            {"charge_now": 5_000_000, "voltage_now": 10_000_000},
            {"charge_now": 4_999_000, "voltage_now": 10_000_000},
        ),
    ],
)
def test_battery_tells_what_it_has_lost(places, before, after):
    """A gauge in microwatt hours, or in microampere hours, gives joules; a mouse's is no meter."""
    place = battery(places["supply"], **before)
    shown(places["supply"] / "hidpp", type="Battery", scope="Device", status="Discharging")
    shown(places["supply"] / "AC", type="Mains", online=0)
    found = meter(**places)

    for name, value in after.items():
        count(place, name, value)

    assert found.name == "battery BAT0"
    assert found.joules() == pytest.approx(36)


def test_counter_is_preferred_to_a_battery(places):
    """A battery moves in coarse steps, and is asked where no processor counts."""
    package(places["powercap"], 0, 0)
    battery(places["supply"], energy_now=1)

    assert meter(**places).name == "RAPL package-0"


def test_charger_is_noticed(places):
    """A battery that is charged is no meter, and one that becomes so raises an error."""
    place = battery(places["supply"], energy_now=50_000_000)
    found = meter(**places)

    count(place, "status", "Charging")

    with pytest.raises(HarnessError, match="BAT0 is not discharging"):
        found.joules()
    assert meter(**places) is None
    assert "BAT0 is not discharging (charging)" in unavailable_because(**places)


def test_nothing_to_read_is_a_reason(places):
    """Without counter and battery there is no meter, and the reason says where was looked."""
    assert meter(**places) is None
    reason = unavailable_because(**places)
    assert "no energy counter" in reason
    assert str(places["powercap"]) in reason


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda place: (place / "energy_uj").unlink(), "energy_uj cannot be read: No such"),
        (lambda place: count(place, "energy_uj", "much"), "energy_uj holds no whole number"),
        (lambda place: (place / "max_energy_range_uj").unlink(), "max_energy_range_uj cannot"),
    ],
)
def test_counter_that_cannot_be_read_is_a_reason(places, spoil, reason):
    """One package that is not readable makes the whole sum unavailable, not smaller."""
    package(places["powercap"], 0, 0)
    spoil(package(places["powercap"], 1, 0))

    assert meter(**places) is None
    assert reason in unavailable_because(**places)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_counter_for_root_alone_is_a_reason(places):
    """Where the kernel shows the counter to root alone, the reason says so."""
    (package(places["powercap"], 0, 0) / "energy_uj").chmod(0)

    assert "may not be read by this user" in unavailable_because(**places)
