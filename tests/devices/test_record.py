"""The schema of a record."""

from pathlib import Path

import pytest
from record_samples import VALUE, record, value

from harness.devices.record import dumps, parse, read
from harness.errors import HarnessError
from harness.formats import jsonfile

RECORDS = Path(__file__).parents[2] / "device_results"
FREE = {"libraries", "series", "measured"}  # mappings whose keys are names, not fields


def fields(tree, path=()):
    """The path of every field in a record's value."""
    for name, below in tree.items():
        yield (*path, name)
        if isinstance(below, dict) and name not in FREE:
            yield from fields(below, (*path, name))
        if name == "series":
            for key in ("unit", "samples"):
                yield (*path, name, "teacher", key)


def bad(tree):
    """What is said of `tree`, which is not a record."""
    with pytest.raises(HarnessError) as caught:
        parse(jsonfile.dumps(tree), "0001.json")
    return caught.value.message


@pytest.mark.parametrize("path", list(fields(VALUE)), ids=".".join)
def test_missing_field_is_named(path):
    """A record that lacks a field is refused by the name of the file and of that field."""
    tree = value()
    inner = tree
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]

    message = bad(tree)

    assert message.startswith("0001.json: ")
    assert f"field '{'.'.join(path)}': is missing" in message


def test_every_problem_is_told_at_once():
    """Each bad field has a line of its own."""
    tree = value()
    del tree["clock"]
    del tree["where"]["kernel"]

    assert len(bad(tree).splitlines()) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unasked": 1}, "unasked"),
        ({"warm_up": "2"}, "warm_up"),
        ({"number": "0000"}, "number"),
        ({"number": "../1"}, "number"),
        ({"started": "2026-01-31T12:00:00+0100"}, "started"),
        ({"started": "2026-02-30T12:00:00Z"}, "started"),
        ({"measured": {"teacher": "short"}}, "measured.teacher"),
        ({"series": {"teacher": {"unit": "parsnip", "samples": [1]}}}, "series.teacher.unit"),
        ({"series": {"teacher": {"unit": "ms", "samples": [-1]}}}, "series.teacher.samples.0"),
        ({"series": {"teacher": {"unit": "ms", "samples": []}}}, "series.teacher.samples"),
        ({"series": {}}, "series"),
        ({"unavailable": {"energy": ""}}, "unavailable.energy"),
        ({"unavailable": {"energy": None}}, "unavailable.energy"),
        ({"device": {**VALUE["device"], "samples": 1}}, "device.samples"),
        ({"device": {**VALUE["device"], "kind": "phone"}}, "device.kind"),
        ({"device": {**VALUE["device"], "deadline_ms": 1}}, "device.deadline_ms"),
    ],
)
def test_wrong_field_is_named(changes, field):
    """A value that the schema does not allow is refused by its field."""
    assert f"field '{field}" in bad({**value(), **changes})


def test_no_number_that_is_none():
    """NaN is no sample, although Python's JSON reader would take it."""
    text = dumps(record()).replace(b"42.5", b"NaN")

    with pytest.raises(HarnessError):
        parse(text, "0001.json")


@pytest.mark.parametrize("changes", [{"complete": False}, {"warm_up": 1}])
def test_complete_is_checked(changes):
    """A record cannot call itself complete when samples or warm-up calls are missing."""
    assert "'complete' is" in bad({**value(), **changes})


def test_written_record_is_read_back(tmp_path):
    """Reading what was written gives the same record and the same bytes."""
    path = tmp_path / "0001.json"
    path.write_bytes(dumps(record()))

    assert record() == read(path)
    assert path.read_bytes() == dumps(read(path))


def test_record_says_what_was_not_measured_and_why():
    """What is unavailable is kept with its reason, and is left out where there is nothing."""
    told = record(unavailable={"energy": "no meter"})

    assert parse(dumps(told), "sample").unavailable == {"energy": "no meter"}
    assert "unavailable" not in record().as_json()


def test_nothing_is_measured_and_unavailable_at_once():
    """A series that has samples cannot also be called unavailable."""
    assert "'teacher' is both" in bad({**value(), "unavailable": {"teacher": "no time"}})


@pytest.mark.parametrize("path", sorted(RECORDS.rglob("[0-9]*.json")), ids=lambda path: path.stem)
def test_committed_records_keep_their_bytes(path):
    """A record that was written before is read, and would be written in the same bytes."""
    assert dumps(read(path)) == path.read_bytes()


def test_number_is_the_name_of_the_file(tmp_path):
    """A record under another number's name is refused."""
    path = tmp_path / "0002.json"
    path.write_bytes(dumps(record()))

    with pytest.raises(HarnessError, match="field 'number' is 0001"):
        read(path)


def test_missing_file_is_a_message(tmp_path):
    """A record that is not there is named."""
    with pytest.raises(HarnessError, match="0009"):
        read(tmp_path / "0009.json")
