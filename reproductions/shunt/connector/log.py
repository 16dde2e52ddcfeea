"""The log folder of one connector, with the files that the release leaves there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats.atomic import write_text
from harness.formats.rows import Row

_OUTPUT, _CONFIG, _SUMMARY = "output.log", "config.cfg", "summary.json"


@dataclass(frozen=True)
class Log:
    """One connector's folder.

    The release writes ``.h5``; models are ``.keras`` here, and weights ``.weights.h5``, which is
    what a later Keras reads.
    """

    folder: Path

    @classmethod
    def begin(cls, where: Path, moment: datetime, config: str) -> Log:
        """Make the folder ``<where>/log/<YYYYMMDD>/<HH_MM_SS>`` and keep `config` there.

        A second connector of the same second gets a folder of its own.

        Raises
        ------
        HarnessError
            It cannot be made.
        """
        day = where / "log" / f"{moment:%Y%m%d}"
        try:
            day.mkdir(parents=True, exist_ok=True)
            folder = _fresh(day, f"{moment:%H_%M_%S}")
        except OSError as error:
            raise HarnessError(
                f"{day}: the log folder cannot be made: {error.strerror}",
                "pass another folder: ShuntConnector(config, folder=...)",
            ) from error
        log = cls(folder)
        write_text(folder / _CONFIG, config)
        (folder / _OUTPUT).touch()
        return log

    def say(self, message: str) -> None:
        """Print a message and keep it in output.log."""
        print(message, flush=True)
        self.note(message)

    def note(self, message: str, line_break: bool = True) -> None:  # noqa: ARG002 - Keras passes it
        """Keep a message in output.log without printing it."""
        with (self.folder / _OUTPUT).open("a", encoding="utf-8") as file:
            file.write(message + "\n")

    def model(self, name: str, model: Any) -> Path:
        """Keep a model, a Keras one, as ``<name>_model.keras``."""
        return self._saved(f"{name}_model.keras", model.save)

    def weights(self, name: str, model: Any) -> Path:
        """Keep the weights of a model as ``<name>_model_weights.weights.h5``."""
        return self._saved(f"{name}_model_weights.weights.h5", model.save_weights)

    def _saved(self, name: str, save: Callable[[str], None]) -> Path:
        path = self.folder / name
        # Keras chooses the format by the whole ending, so the unfinished file needs it too.
        unfinished = path.with_name(f"unfinished-{name}")
        save(str(unfinished))
        os.replace(unfinished, path)
        return path

    def history(self, name: str, rows: Sequence[Row]) -> None:
        """Keep each column of a training's `rows` as an array (epochs,) of float64."""
        for column in sorted({key for row in rows for key in row}):
            values = [row.get(column) for row in rows]
            if all(isinstance(value, int | float) for value in values):
                self._array(name, column, values)

    def _array(self, name: str, column: str, values: Sequence[Any]) -> None:
        path = self.folder / f"training_{name}_model_history" / f"{column}.npy"
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            np.save(file, np.array(values, dtype=np.float64), allow_pickle=False)

    def summary(self, content: Mapping[str, Any]) -> None:
        """Keep what was measured as summary.json, which the release does not write."""
        jsonfile.write(self.folder / _SUMMARY, dict(content))


def _fresh(day: Path, name: str) -> Path:
    number = 1
    while True:
        folder = day / (name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder
