"""What a connector's models are trained by and held against: losses and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from harness.errors import HarnessError
from harness.formats.rows import Row
from reproductions.shunt.connector.dataset import Props
from reproductions.shunt.data.split import IGNORE, Split
from reproductions.shunt.evaluation import Answer, answering, quality
from reproductions.shunt.losses.cross_entropy import cross_entropy, one_hot
from reproductions.shunt.models import logits
from reproductions.shunt.training.loop import Goal
from reproductions.shunt.training.objective import supervised
from reproductions.shunt.training.step import Objective

_LEAST = 1e-7  # a smaller probability counts as this one

Loss = Callable[[Any, Any], Any]
"""Of Keras: from true values and probabilities to a scalar."""


def default_losses(props: Props) -> list[Any]:
    """Return the loss of a task as a list of Keras's."""
    if props.task == "segmentation":
        return [keras.losses.SparseCategoricalCrossentropy(ignore_class=IGNORE)]
    return [keras.losses.CategoricalCrossentropy()]


def default_metrics(props: Props) -> list[Any]:
    """Return the metric of a task as a list of Keras's."""
    if props.task == "segmentation":
        return [
            keras.metrics.MeanIoU(
                props.num_classes, name="mean_iou", ignore_class=IGNORE, sparse_y_pred=False
            )
        ]
    return [keras.metrics.CategoricalAccuracy(name="categorical_accuracy")]


def losses_of(given: Any) -> tuple[Loss, ...]:
    """Return a user's list of losses: Keras's objects or names, or functions of both values."""
    return tuple(map(keras.losses.get, _listed("task_losses", given)))


def metrics_of(given: Any) -> tuple[Any, ...]:
    """Return a user's list of metrics: Keras's objects or names, or functions of both values."""
    found = [keras.metrics.get(one) for one in _listed("task_metrics", given)]
    return tuple(
        one
        if isinstance(one, keras.metrics.Metric)
        else keras.metrics.MeanMetricWrapper(one, name=getattr(one, "__name__", "metric"))
        for one in found
    )


def _listed(field: str, given: Any) -> Sequence[Any]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise HarnessError(
            f"{field}: {type(given).__name__} is no list with something in it",
            "give a list, also of one",
        )
    return given


@dataclass(frozen=True)
class Judge:
    """The losses and metrics of a connector.

    Parameters
    ----------
    props
        What is known of the dataset.
    losses, metrics
        The user's own; None for those of the stages. Losses are added up; the last metric chooses
        the best epoch and is the one of the knowledge quotients.
    """

    props: Props
    losses: tuple[Loss, ...] | None = None
    metrics: tuple[Any, ...] | None = None

    @property
    def ignore(self) -> int | None:
        """The label that does not count."""
        return IGNORE if self.props.task == "segmentation" else None

    @property
    def metric(self) -> str:
        """The name of the last metric."""
        if self.metrics is not None:
            return str(self.metrics[-1].name)
        return "mean_iou" if self.props.task == "segmentation" else "categorical_accuracy"

    def objective(self, model: keras.Model) -> Objective:
        """Return what `model` is trained by: the stages' cross entropy, or the user's losses."""
        if self.losses is None:
            return supervised(logits(model), self.ignore)
        return supervised(model, self.ignore, self._loss)

    def _loss(self, said: Any, labels: Any) -> Any:
        assert self.losses is not None
        true = self._true(labels)
        return tf.add_n([tf.reduce_mean(loss(true, said)) for loss in self.losses])

    def _true(self, labels: Any) -> Any:
        """Return labels as Keras's losses take them: vectors of a one, or masks."""
        return labels if self.props.task == "segmentation" else one_hot(labels, self.classes)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.props.num_classes

    def score(self, model: keras.Model | Answer, split: Split, size: int) -> dict[str, float]:
        """Return each metric of `model` on `split`, `size` images at a time; shares, not percent.

        Raises
        ------
        HarnessError
            A metric of the user's own gives no number.
        """
        answer = answering(model) if isinstance(model, keras.Model) else model
        if self.metrics is None:
            return {self.metric: quality(answer, split, size) / 100}
        for metric in self.metrics:
            metric.reset_state()
        for labels, said in self._answers(answer, split, size):
            for metric in self.metrics:
                metric.update_state(self._true(labels), said)
        return {str(metric.name): _number(metric) for metric in self.metrics}

    def _answers(self, answer: Answer, split: Split, size: int) -> Iterator[tuple[Any, Any]]:
        for images, labels in split.batches(size):
            yield tf.constant(labels), answer(images)

    def loss(self, model: keras.Model | Answer, split: Split, size: int) -> float:
        """Return the mean loss of `model` on `split`, without regulariser."""
        answer = answering(model) if isinstance(model, keras.Model) else model
        total, count = 0.0, 0
        for labels, said in self._answers(answer, split, size):
            total, count = total + float(self._mean(said, labels)) * len(said), count + len(said)
        return total / count

    def _mean(self, said: Any, labels: Any) -> Any:
        if self.losses is not None:
            return self._loss(said, labels)
        # The logarithms of probabilities are logits of these.
        return cross_entropy(tf.math.log(tf.maximum(said, _LEAST)), labels, self.ignore)

    def goal(self, model: keras.Model, validation: Split, size: int) -> Goal:
        """Return the highest value of the last metric on the validation images as the goal."""
        answer = answering(model)

        def measure() -> Row:
            found = self.score(answer, validation, size)
            row: Row = {f"val_{name}": value for name, value in found.items()}
            return row | {"val_loss": self.loss(answer, validation, size)}

        return Goal(f"val_{self.metric}", measure)


def _number(metric: Any) -> float:
    value = np.asarray(metric.result())
    if value.ndim or not np.isfinite(value):
        raise HarnessError(
            f"task_metrics: '{metric.name}' is {str(value)[:60]}, and not one finite number",
            "give metrics of one number",
        )
    return float(value)
