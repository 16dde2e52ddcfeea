"""The record of a deployment on two processes, as a value that tests complete."""

from machine_samples import MACHINE

BOARDS = {
    "device": "two_boards",
    "says": "Two processes.",
    "kind": "local_process",
    "runtime": "onnxruntime",
    "warm_up": 1,
    "samples": 3,
    "tolerance": 0.5,
    "deadline_ms": 100,
}
"""The device, which lacks its link."""


def deployment(device, measured, series, /, **changes):
    """Make the value of a record, with other values at its top."""
    return {
        "version": 1,
        "paper": "nonn",
        "stage": "deployment",
        "device": device,
        "number": "0001",
        "complete": True,
        "measured": measured,
        "clock": "time.perf_counter_ns",
        "warm_up": 1,
        "series": series,
        "unavailable": {},
        "where": MACHINE,
        "started": "2026-01-31T12:00:00Z",
        "duration_s": 1.0,
        **changes,
    }
