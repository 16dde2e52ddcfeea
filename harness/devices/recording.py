"""From what a measuring step measured to a record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from harness.devices.platform import describe
from harness.devices.record import (
    VERSION,
    Measured,
    Measurement,
    Record,
    has_all_samples,
    problems,
)
from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.spec.device import Device


def read_measurement(path: Path) -> Measurement:
    """Return what a measuring step wrote to `path`; HarnessError names each bad field."""
    tree = jsonfile.read(path)
    try:
        return Measurement.model_validate_json(jsonfile.dumps(tree))
    except ValidationError as error:
        raise HarnessError(
            "\n".join(f"{path.name}: {line}" for line in problems(error, tree)),
            "the measuring step must write 'clock', 'warm_up' and 'series'",
        ) from error


def complete(
    measurement: Measurement,
    *,
    paper: str,
    stage: str,
    device: Device,
    number: str,
    measured: Measured,
    started: datetime,
    duration_s: float,
    libraries: Mapping[str, str],
) -> Record:
    """Return the record of a measurement, with everything that its step does not know.

    Parameters
    ----------
    measurement
        What the step wrote.
    paper, stage, device, number
        What the record is of, and its number.
    measured
        The hashes of the step's inputs (`harness.devices.measured.digests`).
    started, duration_s
        When the step began (an aware time) and how long it ran, in seconds.
    libraries
        The version of each package that took part.
    """
    return Record(
        version=VERSION,
        paper=paper,
        stage=stage,
        device=device,
        number=number,
        complete=has_all_samples(measurement, device),
        measured=measured,
        clock=measurement.clock,
        warm_up=measurement.warm_up,
        series=measurement.series,
        unavailable=measurement.unavailable,
        where=describe(libraries),
        started=started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration_s=duration_s,
    )
