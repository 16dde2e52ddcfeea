"""Parameter files that a command line names, read and checked without a framework."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.stage.checkpoint import Checkpoint, Saved
from reproductions.ensemble_kd.architecture.description import Description
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes
from reproductions.ensemble_kd.leaving import params_file
from reproductions.ensemble_kd.leaving.names import canonical, check_names
from reproductions.ensemble_kd.quantisation.member import Member

STATES = ".states"
"""The ending of files with all that a training goes on from."""

_PRIVATE = re.compile(r"bits(\d+)\.")


@dataclass(frozen=True, eq=False)
class Given:
    """The values of one network: the argument and the file that they are from."""

    flag: str
    path: str
    values: Mapping[str, Array]

    @property
    def place(self) -> str:
        """The argument with its file."""
        return f"{self.flag} {self.path}"

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the members that the names tell of, widest first."""
        found = {int(match[1]) for name in self.values if (match := _PRIVATE.match(name))}
        return tuple(sorted(found, reverse=True))


def read_given(flag: str, path: str, learner: str = "ensemble") -> Given | None:
    """Return the values of a ``.params`` file, or those of `learner` in a file of states.

    Raises
    ------
    HarnessError
        The file is not there, or is none of these.
    """
    if not path:
        return None
    _check_there(flag, path)
    if path.endswith(STATES):
        start = f"values.{learner}."
        tensors = read_states(flag, path).tensors
        found = {
            name.removeprefix(start): value
            for name, value in tensors.items()
            if name.startswith(start)
        }
        return Given(flag, path, found)
    return Given(flag, path, canonical(params_file.read(Path(path)), Path(path)))


def read_states(flag: str, path: str) -> Saved:
    """Return what a file of states holds.

    Raises
    ------
    HarnessError
        It is not there, or is no such file.
    """
    _check_there(flag, path)
    try:
        saved = Checkpoint(Path(path)).load()
    except (KeyError, ValueError) as error:
        raise HarnessError(
            f"{flag} {path}: is no file of states", "give one that --interrupt-at has written"
        ) from error
    assert saved is not None
    return saved


def _check_there(flag: str, path: str) -> None:
    if not Path(path).is_file():
        raise HarnessError(f"{flag} {path}: there is no such file", "give the path of a file")


def check_ensemble(given: Given, description: Description, members: Sequence[Member]) -> None:
    """Refuse values that are not of an ensemble of `members`.

    Raises
    ------
    HarnessError
        It tells what is missing, left over or of another shape; other classes first.
    """
    check_classes(given, description.classes)
    check_names(given.values, ensemble_shapes(description, members), given.place)


def check_classes(given: Given, classes: int) -> None:
    """Refuse values of an ensemble that answers for another number of classes."""
    bias = given.values.get("output.bias")
    if bias is not None and bias.shape != (classes,):
        raise HarnessError(
            f"{given.place}: it is of {bias.size} classes, and --dataset has {classes}",
            "give parameters that were trained on the same classes",
        )
