"""Where records lie, and how a new one is added without touching the others."""

from __future__ import annotations

from pathlib import Path

from harness.devices.record import Record, dumps
from harness.errors import HarnessError
from harness.formats.atomic import create_bytes
from harness.stage.place import refuse_outside

FOLDER = "device_results"
_LAST = 9999


def folder(root: Path, profile: str, paper: str, stage: str) -> Path:
    """Return the folder of the records of one stage."""
    return root / FOLDER / profile / paper / stage


def record_path(root: Path, profile: str, paper: str, stage: str, number: str) -> Path:
    """Return the path of one record."""
    return folder(root, profile, paper, stage) / f"{number}.json"


def numbers(root: Path, profile: str, paper: str, stage: str) -> list[str]:
    """Return the numbers of all records of one stage, sorted."""
    places = folder(root, profile, paper, stage).glob("[0-9][0-9][0-9][0-9].json")
    return sorted(place.stem for place in places)


def next_number(root: Path, profile: str, paper: str, stage: str) -> str:
    """Return the number after the last record; HarnessError when all are taken."""
    taken = numbers(root, profile, paper, stage)
    following = int(taken[-1]) + 1 if taken else 1
    if following > _LAST:
        raise HarnessError(
            f"{folder(root, profile, paper, stage)}: all {_LAST} numbers are taken",
            "move the last records elsewhere: a new one gets the number after the last",
        )
    return f"{following:04d}"


def add(root: Path, profile: str, record: Record) -> Path:
    """Write `record` at its own number and return the path; it never overwrites.

    The record appears under its name whole or not at all, also when two processes add one.

    Raises
    ------
    HarnessError
        The number is taken.
    """
    place = record_path(root, profile, record.paper, record.stage, record.number)
    refuse_outside(root, place.relative_to(root).as_posix(), f"{record.paper}/{record.stage}")
    try:
        create_bytes(place, dumps(record))
    except FileExistsError as error:
        following = next_number(root, profile, record.paper, record.stage)
        raise HarnessError(
            f"{place}: exists, and a record is never overwritten",
            f"the next free number is {following}",
        ) from error
    return place
