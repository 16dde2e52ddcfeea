"""The one schema of a measurement: raw samples, what was measured, and where."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.reason import reason
from harness.spec.base import Digest, Identifier, Name, Spec, Text, Unit
from harness.spec.device import Device
from harness.spec.translation import path_in

VERSION: Literal[1] = 1
_MISSING = ("missing", "union_tag_not_found")
_AGAIN = "a record is never edited; make a new one with `harness measure`"
NUMBER = r"^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])$"

SeriesName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=64)]
"""What one series of samples belongs to: `teacher`, `student-1`."""

Digests = Digest | dict[str, Digest]
"""SHA-256 of one input; by seed where it was made per seed."""

Measured = dict[Identifier, Digests]
"""SHA-256 of what was measured, by input name."""


def _utc(text: str) -> str:
    if datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").utcoffset():
        raise ValueError("the time must be UTC")
    return text


Time = Annotated[str, StringConstraints(pattern=r"Z$"), AfterValidator(_utc)]
"""A time in UTC: `2026-01-31T12:00:00Z`."""


class Series(Spec):
    """The samples of one series as they were taken, in their order."""

    unit: Unit
    samples: tuple[Annotated[int | float, Field(ge=0)], ...] = Field(min_length=1)


class Measurement(Spec):
    """What a measuring step itself knows; the harness adds the rest."""

    clock: Text = Field(description="What told the time: `time.perf_counter_ns`.")
    warm_up: int = Field(ge=0, description="Calls that were made and thrown away.")
    series: dict[SeriesName, Series] = Field(min_length=1)
    unavailable: dict[SeriesName, Text] = Field(
        {}, description="What could not be measured here, and why; nothing stands in its place."
    )

    @model_validator(mode="after")
    def _measured_or_not(self) -> Self:
        both = sorted(self.series.keys() & self.unavailable.keys())
        if both:
            raise ValueError(f"'{both[0]}' is both under 'series' and under 'unavailable'")
        return self


class Where(Spec):
    """The machine and the software that a measurement was taken on."""

    cpu: Text = Field(description="The model, in the maker's words.")
    fingerprint: Text = Field(description="Short hash of everything that tells CPUs apart.")
    cores: int = Field(ge=1, description="Physical cores of the machine.")
    threads: int = Field(ge=1, description="Logical threads of the machine.")
    usable: int = Field(ge=1, description="Logical threads that the process may use.")
    governor: Text = Field(description="What sets the clock rate, `unavailable` when hidden.")
    load: tuple[float, float, float] = Field(description="Mean load of 1, 5 and 15 minutes.")
    memory: int = Field(ge=1, description="Bytes.")
    os: Text
    kernel: Text
    python: Text
    libraries: dict[str, Text] = Field(description="Version of each library that took part.")


class Record(Measurement):
    """A device result: it is data, and is never changed once written."""

    version: Literal[1]
    paper: Identifier
    stage: Name
    device: Device
    number: str = Field(pattern=NUMBER, description="Counts the records of one stage.")
    complete: bool = Field(description="Every sample that the device asks for was taken.")
    measured: Measured = Field(description="SHA-256 of what was measured.")
    where: Where
    started: Time
    duration_s: float = Field(ge=0)

    @model_validator(mode="after")
    def _complete_is_true(self) -> Record:
        if self.complete != has_all_samples(self, self.device):
            raise ValueError(
                f"'complete' is {str(self.complete).lower()}, but the samples and warm-up calls "
                f"against those that device '{self.device.device}' asks for say otherwise"
            )
        return self

    def as_json(self) -> dict[str, Any]:
        """Return the record as a JSON value; the same that it was read from."""
        value = self.model_dump(mode="json")
        if not self.unavailable:
            del value["unavailable"]  # records that are older than this field keep their bytes
        return value


def has_all_samples(measurement: Measurement, device: Device) -> bool:
    """Say whether every series has the samples, and the warm-up, that `device` asks for."""
    enough = all(len(one.samples) >= device.samples for one in measurement.series.values())
    return enough and measurement.warm_up >= device.warm_up


def parse(content: bytes, origin: str) -> Record:
    """Return the record in `content`.

    Raises
    ------
    HarnessError
        `content` is no record; each field that is missing or wrong is named, with `origin`.
    """
    try:
        tree = jsonfile.loads(content, origin)  # pydantic takes the last of two equal keys
        return Record.model_validate_json(content)
    except ValidationError as error:
        said = "\n".join(f"{origin}: {line}" for line in problems(error, tree))
        raise HarnessError(said, _AGAIN) from error
    except HarnessError as error:
        raise HarnessError(error.message, _AGAIN) from error


def read(path: Path) -> Record:
    """Return the record in `path`; HarnessError names the file and each bad field."""
    if path.exists() and not path.is_file():
        raise HarnessError(f"{path}: cannot be read: it is no file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read: {error.strerror}") from error
    record = parse(content, str(path))
    if record.number != path.stem:
        raise HarnessError(f"{path}: field 'number' is {record.number}, the file's is {path.stem}")
    return record


def dumps(record: Record) -> bytes:
    """Return the canonical bytes of `record`."""
    return jsonfile.dumps(record.as_json())


def problems(error: ValidationError, tree: Any) -> list[str]:
    """Return one line a problem, each naming the field: ``field 'where.cpu': is missing``."""
    lines = []
    for problem in error.errors(include_url=False):
        field = ".".join(str(part) for part in path_in(tree, problem))
        said = "is missing" if problem["type"] in _MISSING else reason(problem)
        lines.append(f"field '{field}': {said}" if field else said)
    return lines
