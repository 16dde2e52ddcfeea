"""Two records side by side."""

import pytest
from record_samples import record, value

from harness.devices.comparison import compare, text


def other(teacher=(41, 41, 41), unit="ms", **changes):
    """A second record."""
    series = {
        "teacher": {"unit": unit, "samples": list(teacher)},
        "student": {"unit": "ms", "samples": [10, 11, 12]},
    }
    return record(number="0002", series=series, **changes)


def test_medians_and_ratio():
    """Each series shows both medians and their ratio."""
    student, teacher = compare(record(), other((44, 45.1, 46))).rows

    assert (teacher.old, teacher.new, teacher.ratio) == (41, 45.1, 45.1 / 41)
    assert (teacher.inside, student.inside) == (True, True)


@pytest.mark.parametrize(("teacher", "inside"), [((45.1,) * 3, True), ((45.2,) * 3, False)])
def test_tolerance_of_the_device(teacher, inside):
    """One series outside the declared tolerance puts the comparison outside."""
    comparison = compare(record(), other(teacher))

    assert comparison.inside is inside
    assert ("outside the tolerance" in text(comparison)) is not inside


def test_other_unit_is_converted():
    """A record in seconds is compared with one in milliseconds."""
    assert compare(record(), other((0.041,) * 3, unit="second")).inside


def test_what_cannot_be_compared_is_outside():
    """A series of another kind of unit, or in one record only, is shown and is not inside."""
    strange = compare(record(), other(unit="joule"))
    lonely = compare(record(), record(series={"teacher": value()["series"]["teacher"]}))

    assert (strange.rows[1].inside, strange.rows[1].note) == (False, "the new record is in joule")
    assert (lonely.rows[0].inside, lonely.rows[0].note) == (False, "only in the old record")


def test_notes_tell_what_else_changed():
    """Other bytes, another CPU, other libraries and missing samples are said."""
    where = {**value()["where"], "fingerprint": "f", "cpu": "Another", "libraries": {}}
    changed = other(where=where, measured={}, warm_up=1, complete=False)

    said = text(compare(record(), changed))

    for words in ("other bytes", "then Another", "other versions", "0002 is not complete"):
        assert words in said


def test_notes_tell_of_another_device_and_of_what_was_not_measured():
    """A record of another device, or of another spec of it, says so, and what it could not do."""
    device = {**value()["device"], "samples": 3, "says": "Other words."}
    again = other(device=device, unavailable={"energy": "no meter"})
    elsewhere = other(device={**device, "device": "phone"})

    said = text(compare(record(), again))
    assert "note: the spec of device 'host' was another" in said
    assert "note: record 0002 has no 'energy': no meter" in said
    assert "another device: 'host', then 'phone'" in text(compare(record(), elsewhere))
    assert "device" not in " ".join(compare(record(), other()).notes)


def test_text_is_aligned():
    """The text has a line a series under one header."""
    lines = text(compare(record(), other())).splitlines()

    assert lines[0].split() == ["series", "record", "0001", "record", "0002", "ratio"]
    assert lines[2].split() == ["teacher", "41", "ms", "41", "ms", "1.000", "inside"]
