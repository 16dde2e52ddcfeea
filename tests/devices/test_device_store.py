"""Adding records."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from record_samples import DEVICE, record

from harness.devices import store
from harness.devices.record import Measurement, dumps, read
from harness.devices.recording import complete, read_measurement
from harness.errors import HarnessError
from harness.spec.device import DeviceSpec


def test_numbers_count_up(tmp_path):
    """The next number follows the last record, also when an earlier one is gone."""
    assert store.next_number(tmp_path, "smoke", "nonn", "latency") == "0001"

    first = store.add(tmp_path, "smoke", record())
    store.add(tmp_path, "smoke", record(number="0007"))
    first.unlink()

    assert store.next_number(tmp_path, "smoke", "nonn", "latency") == "0008"
    assert store.numbers(tmp_path, "smoke", "nonn", "latency") == ["0007"]


def test_place_of_a_record(tmp_path):
    """A record lies under its profile, paper, stage and number, and nothing else lies there."""
    path = store.add(tmp_path, "smoke", record())

    assert path == tmp_path / "device_results/smoke/nonn/latency/0001.json"
    assert [path] == list(path.parent.iterdir())
    assert record() == read(path)


def test_record_is_never_overwritten(tmp_path):
    """Adding under a number that is taken leaves the old bytes and says what is free."""
    path = store.add(tmp_path, "smoke", record())

    with pytest.raises(HarnessError) as caught:
        store.add(tmp_path, "smoke", record(duration_s=2.5))

    assert path.read_bytes() == dumps(record())
    assert "0002" in caught.value.remedy


def test_one_of_many_wins(tmp_path):
    """Of several that add the same number at once exactly one succeeds."""

    def add(duration):
        try:
            store.add(tmp_path, "smoke", record(duration_s=float(duration)))
        except HarnessError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(add, range(8)))

    path = store.record_path(tmp_path, "smoke", "nonn", "latency", "0001")
    assert won.count(True) == 1
    assert read(path).duration_s == won.index(True)


def test_all_numbers_taken(tmp_path):
    """After the last number there is a message and no record under a fifth digit."""
    store.add(tmp_path, "smoke", record(number="9999"))

    with pytest.raises(HarnessError, match="taken"):
        store.next_number(tmp_path, "smoke", "nonn", "latency")


@pytest.mark.parametrize(("samples", "whole"), [((1, 2, 3), True), ((1, 2), False)])
def test_completing_a_measurement(samples, whole):
    """What a step measured becomes a record, complete only with all its samples."""
    measurement = Measurement.model_validate(
        {
            "clock": "c",
            "warm_up": 2,
            "series": {"a": {"unit": "ms", "samples": samples}},
            "unavailable": {"energy": "no meter"},
        }
    )

    made = complete(
        measurement,
        paper="nonn",
        stage="latency",
        device=DeviceSpec.of(DEVICE),
        number="0003",
        measured={},
        started=datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1))),
        duration_s=0.25,
        libraries={},
    )

    assert (made.number, made.complete, made.started) == ("0003", whole, "2026-01-31T12:00:00Z")
    assert made.unavailable == {"energy": "no meter"}
    assert datetime.strptime(made.started, "%Y-%m-%dT%H:%M:%S%z").tzinfo == UTC


def test_bad_measurement_is_named(tmp_path):
    """A measuring step that leaves a field out is told which."""
    path = tmp_path / "0001.json"
    path.write_text(json.dumps({"clock": "c", "series": {"a": {"unit": "ms", "samples": [1]}}}))

    with pytest.raises(HarnessError, match="field 'warm_up': is missing"):
        read_measurement(path)
