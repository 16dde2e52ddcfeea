"""What a network with shunts is trained to lose little of: labels, and another network's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from reproductions.shunt.losses.cross_entropy import cross_entropy, percent_right
from reproductions.shunt.losses.dark_knowledge import adaptive_cross_entropy, dark_knowledge
from reproductions.shunt.losses.maps import attention_transfer, feature_matching
from reproductions.shunt.params.distillation import (
    Ace,
    Attention,
    DarkKnowledge,
    Distillation,
    Features,
    Plain,
)
from reproductions.shunt.training.step import Objective
from reproductions.shunt.training.teacher import Told

Loss = Callable[[Any, Any], Any]
"""From logits and labels to a scalar."""


def supervised(
    logits: keras.Model, ignore: int | None = None, loss: Loss | None = None
) -> Objective:
    """Return the cross entropy of `logits` with the labels, or another `loss`, as an objective.

    Parameters
    ----------
    logits
        A model that ends before the softmax.
    ignore
        A label that does not count.
    """
    chosen = loss or (lambda said, labels: cross_entropy(said, labels, ignore))

    def objective(images: Any, labels: Any, _index: Any) -> tuple[Any, dict[str, Any]]:
        said = logits(images, training=True)
        return chosen(said, labels), _share(said, labels, ignore)

    return objective


def distilled(
    student: keras.Model, teacher: Told, how: Distillation, ignore: int | None = None
) -> Objective:
    """Return the loss of distillation that `how` names as an objective.

    Parameters
    ----------
    student
        Gives logits, and for `attention` and `features` a list of logits and maps.
    teacher
        Tells the same of the network without shunts: logits first, then maps.
    ignore
        A label that does not count.
    """
    if isinstance(how, Plain):
        return supervised(student, ignore)

    def objective(images: Any, labels: Any, index: Any) -> tuple[Any, dict[str, Any]]:
        said = student(images, training=True)
        own, *maps = said if isinstance(said, list | tuple) else [said]
        seen, *known = teacher(images, index)
        match how:
            case DarkKnowledge():
                loss = dark_knowledge(own, seen, labels, how, ignore)
            case Ace():
                loss = adaptive_cross_entropy(own, seen, labels, how, ignore)
            case Attention(strength=strength):
                hard = cross_entropy(own, labels, ignore)
                loss = hard + strength * attention_transfer(maps, known)
            case Features(strength=strength):
                hard = cross_entropy(own, labels, ignore)
                loss = hard + strength * feature_matching(maps, known)
        return loss, _share(own, labels, ignore)

    return objective


def _share(logits: Any, labels: Any, ignore: int | None) -> dict[str, Any]:
    return {"train_accuracy": percent_right(logits, labels, ignore)}
