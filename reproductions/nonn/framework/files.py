"""The published files, at the published paths but in formats that run no code when read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from harness.errors import HarnessError
from harness.formats import arrays, jsonfile
from harness.formats.arrays import Array
from harness.reason import reason
from harness.spec.base import Spec

_UNSAFE = (".pkl", ".pickle", ".pt7", ".pt", ".pth", ".tar")
_WEIGHTS = ".safetensors"


class Cluster(Spec):
    """Which of the teacher's filters each student stands for.

    Parameters
    ----------
    teacher_filters
        How many filters the teacher has.
    filters
        The filters of each student.
    """

    teacher_filters: int = Field(ge=2)
    filters: tuple[Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)], ...] = (
        Field(min_length=1)
    )

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        every = [number for part in self.filters for number in part]
        if len(set(every)) != len(every):
            raise ValueError("a filter is given twice")
        if max(every) >= self.teacher_filters:
            raise ValueError(f"filter {max(every)} is none of the teacher's {self.teacher_filters}")
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many filters each student stands for."""
        return tuple(map(len, self.filters))


def weights_path(published: str) -> Path:
    """Return where weights lie: at the published path, as safetensors."""
    return _safe(Path(published), _WEIGHTS)


def cluster_path(activation: str) -> Path:
    """Return where the partition lies, beside the activation network."""
    path = weights_path(activation)
    return path.with_name(f"cluster_{path.stem}.json")


def _safe(path: Path, suffix: str) -> Path:
    if path.suffix == suffix:
        return path
    if path.suffix in _UNSAFE:
        return path.with_suffix(suffix)
    return path.with_name(path.name + suffix)


def read_weights(field: str, published: str, remedy: str) -> dict[str, Array]:
    """Return the weights that a field of the configuration names.

    Raises
    ------
    HarnessError
        They are not there; a pickle of the release at the same path is not read, and told.
    """
    path = weights_path(published)
    if path.is_file():
        return arrays.read_weights(path)
    there = Path(published)
    pickle = f"; {there} is not read, since it may run code" if there.is_file() else ""
    raise HarnessError(f"{field}: there are no weights at {path}{pickle}", remedy)


def write_cluster(
    path: Path,
    teacher_filters: int,
    filters: Sequence[Sequence[int]],
    quality: Mapping[str, object],
) -> None:
    """Write a partition, and beside it in the same file how good it is."""
    jsonfile.write(
        path,
        {
            "teacher_filters": teacher_filters,
            "filters": [sorted(part) for part in filters],
            "quality": dict(quality),
        },
    )


def read_cluster(path: Path, students: int) -> Cluster:
    """Return the partition at `path`, which must be for so many students.

    Raises
    ------
    HarnessError
        There is none, it is damaged, or it is for another number of students.
    """
    remedy = "run the teacher with mode 'partition' or 'train_and_partition'"
    if not path.is_file():
        raise HarnessError(f"base.activation_network_path: there is no partition at {path}", remedy)
    content = jsonfile.read(path)
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name != "quality"}
    try:
        cluster = Cluster.model_validate_json(json.dumps(content))
    except ValidationError as error:
        said = "; ".join(reason(one) for one in error.errors(include_url=False)[:3])
        raise HarnessError(f"{path}: it is no partition: {said}", remedy) from error
    if len(cluster.filters) != students:
        raise HarnessError(
            f"base.num_students {students}: the partition in {path} is for "
            f"{len(cluster.filters)} students",
            remedy,
        )
    return cluster
