"""Numbers out of their range, told under the names of the arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.errors import UsageError
from harness.reason import reason
from reproductions.ensemble_kd.cli.parser import PROGRAM

Model = TypeVar("Model", bound=BaseModel)


def made(model: type[Model], fields: Mapping[str, Any], flags: Mapping[str, str]) -> Model:
    """Return `model` with `fields`, whose arguments are `flags` where their names differ.

    Raises
    ------
    UsageError
        A value is out of its range.
    """
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        faults = [_fault(one["loc"], one["input"], reason(one), flags) for one in error.errors()]
        raise UsageError("\n  ".join(faults), f"see {PROGRAM} --help") from error


def _fault(place: tuple[int | str, ...], given: Any, said: str, flags: Mapping[str, str]) -> str:
    field = str(place[0]) if place else ""
    whole = ".".join(part for part in place if isinstance(part, str))
    flag = flags.get(whole, flags.get(field, f"--{field.replace('_', '-')}"))
    return f"{flag} {given}: {said[:1].lower() + said[1:]}"
