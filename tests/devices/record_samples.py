"""A whole record, as a value that tests change."""

import copy

from machine_samples import MACHINE

from harness.devices.record import Record, parse
from harness.formats import jsonfile

DEVICE = {
    "device": "host",
    "says": "This machine.",
    "kind": "host",
    "warm_up": 2,
    "samples": 3,
    "tolerance": 0.1,
}
VALUE = {
    "version": 1,
    "paper": "nonn",
    "stage": "latency",
    "device": DEVICE,
    "number": "0001",
    "complete": True,
    "measured": {"teacher": "a" * 64, "students": {"0": "b" * 64, "1": "c" * 64}},
    "clock": "time.perf_counter_ns",
    "warm_up": 2,
    "series": {
        "teacher": {"unit": "ms", "samples": [40, 42.5, 41]},
        "student": {"unit": "ms", "samples": [10, 12, 11]},
    },
    "where": MACHINE | {"libraries": {"torch": "2.13.0"}},
    "started": "2026-01-31T12:00:00Z",
    "duration_s": 1.5,
}


def value():
    """A fresh copy of the record's value."""
    return copy.deepcopy(VALUE)


def record(**changes) -> Record:
    """The record, with other values at its top."""
    return parse(jsonfile.dumps({**value(), **changes}), "sample")
