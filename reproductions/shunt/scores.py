"""One row of the table of accuracies: a network at one point of the procedure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import keras

from harness.formats.rows import Row
from reproductions.shunt.costs import percent_less, shunts_text, windows_text
from reproductions.shunt.data.split import Split
from reproductions.shunt.evaluation import Answer, answering, quality
from reproductions.shunt.params.costs import ORIGINAL
from reproductions.shunt.params.shunt import System
from reproductions.shunt.surgery.cost import cost

State = Literal["original", "inserted", "imitating", "final"]
"""Of a network: as it was, with shunts that nobody trained, with shunts trained on the features,
and trained as a whole after that."""

NONE = "none"


@dataclass(frozen=True)
class Scorer:
    """Scores networks on one dataset, against the network that they were made from.

    Parameters
    ----------
    original
        That network.
    validation, test
        The images.
    batch_size
        It changes no score.
    """

    original: keras.Model
    validation: Split
    test: Split
    batch_size: int

    @cached_property
    def whole(self) -> Row:
        """The row of the original network."""
        figures = self._figures(self.original, answering(self.original))
        return {**self._heads(None, "original", NONE), **figures, "drop": 0.0}

    def row(
        self,
        model: keras.Model,
        answer: Answer,
        system: System,
        state: State,
        taught: str = NONE,
    ) -> Row:
        """Return the row of `model`, which is the original with the shunts of `system`.

        Parameters
        ----------
        answer
            That of `model`: making one takes longer than a hundred batches.
        taught
            The distillation of its final training (`label_of`).
        """
        found = self._figures(model, answer)
        drop = float(self.whole["score"] or 0) - float(found["score"] or 0)
        return {**self._heads(system, state, taught), **found, "drop": drop}

    def _heads(self, system: System | None, state: State, taught: str) -> Row:
        return {
            "task": task_of(self.test),
            "system": system.name if system else ORIGINAL,
            "state": state,
            "distillation": taught,
            "measure": "mean IoU" if self.test.segmentation else "accuracy",
            "windows": windows_text(system) if system else "",
            "shunts": shunts_text(system) if system else "",
        }

    def _figures(self, model: keras.Model, answer: Answer) -> Row:
        whole, own = cost(self.original), cost(model)
        return {
            "parameters": own.parameters,
            "macs": own.macs,
            "reduction": percent_less(own.macs, whole.macs),
            "score": quality(answer, self.test, self.batch_size),
            "validation_score": quality(answer, self.validation, self.batch_size),
        }


def task_of(split: Split) -> str:
    """Return what a network does on `split`."""
    return "segmentation" if split.segmentation else "classification"
