"""JSON and CSV files that readers take in different ways, or that steer a terminal."""

import json

import pytest
from dataset_samples import idx_sample
from messages import tell
from record_samples import value

from harness.data.fetch import obtain
from harness.devices.comparison import compare, text
from harness.devices.record import parse, read
from harness.errors import HarnessError, plain
from harness.formats import jsonfile, rows
from harness.report import model, results

GOOD = json.dumps(value())
STEER = "\x1b[2J\x1b]52;c;aGk=\x07\x1b]8;;http://a.example\x1b\\x\r\u202e"


def _with(**changes):
    return json.dumps({**value(), **changes})


RECORDS = {
    "a key twice": GOOD[:-1] + ', "complete": false}',
    "a key twice, deep in it": GOOD.replace('"cpu"', '"cpu": "other", "cpu"'),
    "not a number": GOOD.replace("42.5", "NaN"),
    "an infinite number": GOOD.replace("42.5", "-Infinity"),
    "a number too large": GOOD.replace("42.5", "1e400"),
    "a number of five thousand digits": GOOD.replace("42.5", "9" * 5000),
    "levels without end": '{"a":' * 100_000,
    "lists without end": "[" * 100_000,
    "a list": "[]",
    "text": '"x"',
    "nothing": "",
    "a byte-order mark": "\ufeff" + GOOD,
    "two values": GOOD + GOOD,
    "a comment": GOOD + " // fine",
    "a trailing comma": GOOD[:-1] + ",}",
    "a path as the paper": _with(paper="../../outside"),
    "a path as the number": _with(number="../1"),
    "a number as text": _with(duration_s="1.5"),
    "a time of nobody": _with(started="2026-13-31T12:00:00Z"),
    "a unit that never ends": _with(
        series={"teacher": {"unit": "s**9**9**9", "samples": [1, 2, 3]}}
    ),
    "a series that is a path": _with(series={"../x": {"unit": "s", "samples": [1, 2, 3]}}),
    "no samples": _with(series={"teacher": {"unit": "s", "samples": []}}),
    "a key that is unknown": _with(colour="red"),
    "a terminal sequence as a key": _with(**{STEER: 1}),
}


@pytest.mark.parametrize("attack", RECORDS)
def test_a_record_that_reads_in_two_ways_is_refused(tmp_path, attack):
    """A record has one meaning, or it is refused with the field that is wrong."""
    path = tmp_path / "0001.json"
    path.write_text(RECORDS[attack], encoding="utf-8")

    with pytest.raises(HarnessError) as caught:
        read(path)

    tell(f"record: {attack}", str(caught.value), tmp_path)


JSON = {
    "a key twice": '{"a": 1, "a": 1}',
    "not a number": '{"a": NaN}',
    "a number too large": '{"a": 1e400}',
    "levels without end": "[" * 100_000,
    "no text": "\ud800",
}


@pytest.mark.parametrize("attack", JSON)
def test_any_json_is_read_strictly(tmp_path, attack):
    """The same rules hold for every JSON file: verdicts, records of steps, manifests."""
    path = tmp_path / "verdicts.json"
    path.write_text(JSON[attack], "utf-8", "surrogatepass")

    for reader in (jsonfile.read, model.read):
        with pytest.raises(HarnessError) as caught:
            reader(path)
        assert str(path) in caught.value.message
    tell(f"JSON: {attack}", str(caught.value), tmp_path)


CSV = {
    "a NUL": "a,b\n1,\0\n",
    "a quote that stays open": 'a,b\n1,"2\n',
    "text behind a quote": 'a,b\n1,"2"3\n',
    "a row too long": "a,b\n1,2,3\n",
    "a row too short": "a,b\n1\n",
    "a heading twice": "a,a\n1,2\n",
    "ten megabytes in a cell": f"a,b\n1,{'x' * 10_000_000}\n",
    "a byte-order mark": "\ufeffa,b\n1,2\n",
    "a lone carriage return": "a,b\r1,2\r\n1\r,2\n",
}


@pytest.mark.parametrize("attack", CSV)
def test_rows_that_are_not_as_we_write_them_are_refused(tmp_path, attack):
    """The rows of a stage have one form; the message names the file."""
    path = tmp_path / "rows.csv"
    path.write_text(CSV[attack], encoding="utf-8", newline="")

    with pytest.raises(HarnessError) as caught:
        rows.read(path)

    tell(f"rows: {attack}", str(caught.value), tmp_path)


@pytest.mark.parametrize("attack", sorted(CSV.keys() - {"a NUL", "a byte-order mark"}))
def test_a_table_that_is_not_as_we_write_it_is_refused(tmp_path, attack):
    """The table of a report is read as strictly, and the reason names it."""
    path = tmp_path / "table.csv"
    path.write_text(CSV[attack], encoding="utf-8", newline="")

    found = results._table(path, "totals")

    assert found.written is None
    tell(f"table: {attack}", found.reason, tmp_path)


@pytest.mark.parametrize(
    ("cell", "number"),
    [("9" * 5000, "9" * 5000), ("1e999", "1e999"), ("nan", "nan"), ("1_0", "1_0"), ("٣", "٣")],
)
def test_a_cell_that_is_no_number_of_ours_stays_text(tmp_path, cell, number):
    """Nothing but our own form of a number becomes one."""
    path = tmp_path / "rows.csv"
    path.write_text(f"a\n{cell}\n", encoding="utf-8")

    assert rows.read(path) == [{"a": number}]


def test_a_message_steers_no_terminal():
    """Control characters and marks of direction appear as escapes; a password does not appear."""
    error = HarnessError(f"x{STEER}\nhttps://me:hunter2@a.example/x", f"y{STEER}")

    tell("message: a terminal sequence and a password", str(error))
    assert plain("plain text, ünïcödé … 漢字 🎉") == "plain text, ünïcödé … 漢字 🎉"


def test_a_comparison_of_records_steers_no_terminal():
    """What a record says of its machine is printed as text."""
    changed = value()
    changed["where"] |= {"cpu": f"A {STEER} processor", "fingerprint": "f" * 16}

    said = text(compare(parse(GOOD.encode(), "x"), parse(json.dumps(changed).encode(), "x")))

    assert "another CPU: A processor, then A \\u001b[2J" in said
    assert said.replace("\n", "").isprintable()


def test_a_mirror_that_answers_steers_no_terminal(tmp_path):
    """The name of a mirror that does not answer is told without anything hidden in it."""
    sample, _ = idx_sample("http://127.0.0.1:9/")

    with pytest.raises(HarnessError) as caught:
        obtain(sample, tmp_path, print)

    assert str(caught.value).replace("\n", "").isprintable()
