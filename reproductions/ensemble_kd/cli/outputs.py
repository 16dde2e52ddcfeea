"""The files of a run, each of which is there whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import HarnessError
from harness.formats import rows as csv
from harness.formats.arrays import Array
from harness.formats.atomic import create_bytes, write_bytes, write_text
from harness.formats.rows import Row
from reproductions.ensemble_kd.cli.values import STATES
from reproductions.ensemble_kd.leaving import params_file

_EPOCH = "SOURCE_DATE_EPOCH"


def moment(variables: Mapping[str, str]) -> datetime:
    """Return the moment that files are called by: that of SOURCE_DATE_EPOCH, or now; UTC.

    Raises
    ------
    HarnessError
        The variable is no number of seconds.
    """
    given = variables.get(_EPOCH)
    if given is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(given), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise HarnessError(f"{_EPOCH}={given}: it is no number of seconds since 1970") from error


@dataclass
class Results:
    """What one run leaves in its folder; the names of all files begin with `stem`."""

    folder: Path
    stem: str
    lines: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, folder: Path, name: str, now: datetime) -> Results:
        """Take a stem that no other run has, ``<name>_<date>_<time>``, by making its log.

        Raises
        ------
        HarnessError
            The folder cannot be made or written.
        """
        number = 1
        while True:
            stem = f"{name}_{now:%Y-%m-%d_%H-%M-%S}" + (f"_{number}" if number > 1 else "")
            try:
                create_bytes(folder / f"{stem}.log", b"")
            except FileExistsError as error:
                if not folder.is_dir():
                    raise _unwritable(folder, error) from error
                number += 1
            except OSError as error:
                raise _unwritable(folder, error) from error
            else:
                return cls(folder, stem)

    def path(self, end: str) -> Path:
        """Return the path of the file whose name ends with `end`."""
        return self.folder / f"{self.stem}{end}"

    def say(self, line: str) -> None:
        """Print a line, and have it in the log from the next `keep` on."""
        print(line, flush=True)
        self.lines.append(line)

    def keep(self) -> None:
        """Write the log as it is now."""
        write_text(self.path(".log"), "".join(f"{line}\n" for line in self.lines))

    def table(self, end: str, found: Sequence[Row]) -> None:
        """Write a CSV."""
        csv.write(self.path(f"{end}.csv"), found)

    def params(self, end: str, values: Mapping[str, Array]) -> Path:
        """Write a parameter file, and return its path."""
        path = self.path(f"{end}.params")
        params_file.write(path, values)
        return path

    def states(self, end: str = "") -> Path:
        """Return the path of a file of states."""
        return self.path(f"{end}{STATES}")

    def drop(self, path: Path) -> None:
        """Remove a file that is of no more use."""
        with suppress(FileNotFoundError):
            path.unlink()


def copy(source: Path, target: Path) -> None:
    """Copy a file of states; the copy is there whole or not at all."""
    write_bytes(target, source.read_bytes())


def _unwritable(folder: Path, error: OSError) -> HarnessError:
    said = os.strerror(error.errno) if error.errno else str(error)
    return HarnessError(
        f"--result_path {folder}: nothing can be written there: {said}",
        "give a folder that you may write to",
    )


def tell(line: str) -> None:
    """Print a line of a run that leaves no log."""
    print(line, file=sys.stdout, flush=True)
