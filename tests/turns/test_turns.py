"""Calls take turns, and their samples are a device result."""

from datetime import UTC, datetime
from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from harness.devices.params import SummaryParams
from harness.devices.record import Measurement
from harness.devices.recording import complete
from harness.devices.step import rows
from harness.formats import jsonfile
from harness.spec.device import DeviceSpec
from reproductions import turns
from reproductions.turns import balanced, measurement, sample_in_turns

LITERT = {
    "device": "here", "says": "LiteRT", "kind": "litert", "threads": 1, "xnnpack": True,
    "warm_up": 2, "samples": 5, "tolerance": 0.5,
}  # fmt: skip


def device(**changes):
    """Return a LiteRT device with other values."""
    return DeviceSpec.of({**LITERT, **changes})


@given(st.integers(1, 12))
def test_orders_are_balanced(count):
    """Over a whole design each is at each place, and directly after each other, equally often."""
    length = count * (1 + count % 2)
    orders = list(islice(balanced(count), 2 * length))
    places = {(place, one) for order in orders[:count] for place, one in enumerate(order)}
    after = [pair for order in orders[:length] for pair in pairwise(order)]

    assert all(sorted(order) == list(range(count)) for order in orders)
    assert len(places) == count**2
    assert {after.count(pair) for pair in after} <= {1 + count % 2}
    assert len(set(after)) == count * (count - 1)
    assert orders[:length] == orders[length:]


def test_networks_take_turns_and_warm_up_does_not_count(monkeypatch):
    """Every round calls each network once; the samples are those of the rounds that count."""
    log, now = [], [0]
    takes = {"slow": 1000, "fast": 10, "other": 100}

    def call(name):
        log.append(name)
        now[0] += takes[name] + len(log)

    monkeypatch.setattr(turns, "perf_counter_ns", lambda: now[0])
    calls = {name: lambda name=name: call(name) for name in takes}
    told = []
    found = sample_in_turns(calls, device(), lambda *words: told.append(words))

    rounds = [log[start : start + 3] for start in range(0, len(log), 3)]
    assert len(rounds) == 2 + 5
    assert all(sorted(one) == sorted(takes) for one in rounds)
    assert len({tuple(one) for one in rounds}) == 6  # all of the orders of three
    wanted = {name: [] for name in takes}
    for place, name in enumerate(log, start=1):
        if place > 2 * 3:
            wanted[name].append(takes[name] + place)
    assert found == wanted
    assert told[-1] == (7, 7, "rounds")


def test_samples_become_medians_and_quartiles():
    """The harness makes a record of what is measured, and rows of it with the speed-up."""
    where = device()
    taken = {"original-float32": [900, 1000, 1100, 1200, 5000], "final-float32": [500] * 5}
    found = Measurement.model_validate_json(jsonfile.dumps(measurement(taken, where, "a clock")))
    record = complete(
        found, paper="shunt", stage="latency", device=where, number="0001", measured={},
        started=datetime(2026, 1, 1, tzinfo=UTC), duration_s=1.0, libraries={},
    )  # fmt: skip
    labels = {name: {"network": name.split("-")[0]} for name in taken}
    how = SummaryParams(labels=labels, baseline="original-float32", unit="ms")
    original, final = rows(record, how, current=True)

    assert record.complete
    assert record.clock == "a clock"
    quartiles = [original[name] for name in ("lower_quartile", "median", "upper_quartile")]
    assert quartiles == [0.001, 0.0011, 0.0012]
    assert final["speed_up"] == 2.2


def test_too_few_samples_are_no_whole_record():
    """A record with less warm-up or fewer samples than the device asks for says so."""
    where = device()
    taken = {"original-float32": [900, 1000, 1100, 1200]}
    short = measurement(taken, where, "a clock") | {"warm_up": 1}
    found = Measurement.model_validate_json(jsonfile.dumps(short))
    record = complete(
        found, paper="shunt", stage="latency", device=where, number="0001", measured={},
        started=datetime(2026, 1, 1, tzinfo=UTC), duration_s=1.0, libraries={},
    )  # fmt: skip

    assert not record.complete
