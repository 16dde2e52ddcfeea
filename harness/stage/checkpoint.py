"""Checkpoints of a running step: one file, replaced atomically, used only by an equal run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.formats import arrays
from harness.formats.arrays import Array
from harness.formats.rows import Row

_STATE = "__state__"


@dataclass(frozen=True)
class Saved:
    """What a checkpoint holds: steps done, tensors, and the rows of the history so far."""

    done: int
    tensors: dict[str, Array]
    rows: list[Row]


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one run of a step.

    The path holds a hash of the run's code, parameters and inputs, so that a checkpoint of
    another run is never taken up. `path` None keeps nothing.
    """

    path: Path | None

    def load(self) -> Saved | None:
        """Return the last checkpoint, or None when there is none."""
        if self.path is None or not self.path.exists():
            return None
        tensors = arrays.read_weights(self.path)
        state: dict[str, Any] = json.loads(tensors.pop(_STATE).tobytes())
        return Saved(state["done"], tensors, state["rows"])

    def save(
        self, done: int, tensors: Mapping[str, Array], rows: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Replace the checkpoint: `done` steps are finished and `tensors` continue from there."""
        if self.path is None:
            return
        state = json.dumps({"done": done, "rows": list(rows)}).encode()
        content = {**tensors, _STATE: np.frombuffer(state, dtype=np.uint8)}
        arrays.write_weights(self.path, content)
