"""The training of shunts: each to give what its window gave (release)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.epochs import Trained
from reproductions.shunt.data.split import Split
from reproductions.shunt.params.training import ShuntTraining
from reproductions.shunt.params.window import Window, check_disjoint
from reproductions.shunt.surgery.features import Features, chain, feed
from reproductions.shunt.training.loop import Goal, Subject, Task, Weights
from reproductions.shunt.training.step import Objective, regulariser_of
from reproductions.shunt.training.teacher import Ask, Told, asking, told
from reproductions.shunt.weights import restore

Shunts = Mapping[Window, keras.Model]
Build = Callable[[Window], keras.Model]
"""Returns a new shunt for a window, in its initial state."""

Answer = Callable[[Any, Sequence[Any], bool], Sequence[Any]]
"""From network inputs, the maps before the windows, and whether this is training, to what the
shunts give."""

_ERROR = "validation_mse"
JOINT = "shunts"
"""The name of the task in which all shunts are trained."""


@dataclass(frozen=True)
class Imitation:
    """Shunts with what they are fed and what they ought to give.

    Parameters
    ----------
    shunts
        By window, the first window first.
    known
        Gives the maps before the windows, then those after them, of network inputs.
    answer
        Gives what the shunts make of it.
    """

    shunts: Shunts
    known: Ask
    answer: Answer

    @property
    def names(self) -> list[str]:
        """The windows, as the columns of the history name them."""
        return [str(window) for window in self.shunts]

    def errors(self, images: Any, known: Sequence[Any], *, training: bool) -> list[Any]:
        """Return the mean squared error of each shunt, and nothing but it."""
        entries, exits = known[: len(self.shunts)], known[len(self.shunts) :]
        given = self.answer(images, entries, training)
        return [
            tf.reduce_mean(tf.square(own - wanted))
            for own, wanted in zip(given, exits, strict=True)
        ]

    def objective(self, known: Told) -> Objective:
        """Return the sum of the errors as an objective; the history has each, and each L2 term."""

        def objective(images: Any, _labels: Any, index: Any) -> tuple[Any, dict[str, Any]]:
            errors = self.errors(images, known(images, index), training=True)
            parts = {f"mse {name}": error for name, error in zip(self.names, errors, strict=True)}
            for name, shunt in zip(self.names, self.shunts.values(), strict=True):
                parts[f"regulariser {name}"] = regulariser_of(shunt)
            return tf.add_n(errors), parts

        return objective

    def goal(self, known: Told, validation: Split, batch_size: int) -> Goal:
        """Return the lowest sum of the errors on the validation images as the goal."""
        shape = (None, *validation.images.shape[1:])
        batch = [tf.TensorSpec(shape, tf.float32), tf.TensorSpec([None], tf.int32)]

        @tf.function(input_signature=batch, autograph=False)
        def errors(images: Any, index: Any) -> list[Any]:
            return self.errors(images, known(images, index), training=False)

        def measure() -> Row:
            totals = [0.0] * len(self.names)
            start = 0
            for images, labels in validation.batches(batch_size):
                index = tf.range(start, start + len(labels))
                for place, error in enumerate(errors(images, index)):
                    totals[place] += float(error) * len(labels)
                start += len(labels)
            found = [total / len(validation) for total in totals]
            each = {f"{_ERROR} {name}": one for name, one in zip(self.names, found, strict=True)}
            return {_ERROR: sum(found), **each}

        return Goal(_ERROR, measure, lower=True)

    def subject(self, images: Split, validation: Split, how: ShuntTraining) -> Subject:
        """Return the shunts as one model, with their objective and their goal."""
        size, ask = how.batch_size, asking(self.known, images)
        shown = told(ask, validation, size, fixed=True)
        return Subject(
            model=_beside(self.shunts),
            objective=self.objective(told(ask, images, size, fixed=how.augment is None)),
            goal=self.goal(shown, validation, size),
            shunts=tuple(shunt.name for shunt in self.shunts.values()),
        )


def _beside(shunts: Shunts) -> keras.Model:
    """Return `shunts` as one model, each with an input of its own."""
    inputs = [keras.Input(shunt.input_shape[1:]) for shunt in shunts.values()]
    outputs = [shunt(one) for shunt, one in zip(shunts.values(), inputs, strict=True)]
    return keras.Model(inputs, outputs, name=JOINT)


def shunt_tasks(
    network: keras.Model,
    windows: Sequence[Window],
    build: Build,
    splits: tuple[Split, Split],
    how: ShuntTraining,
) -> list[Task]:
    """Return the training of shunts for `windows` of `network`, which itself does not change.

    What a shunt ought to give is always what its window gives in `network` as it was. `how.order`
    says what it is fed. `apart`: what the window was fed, as if no other shunt was there.
    `one_by_one`: what the trained shunts before it leave of that; one task each. `jointly`: what
    the other shunts leave of it at the moment, and its gradient reaches those before it.

    Parameters
    ----------
    build
        Makes the initial shunts.
    splits
        Training and validation images.
    """
    ordered = check_disjoint(windows)
    if how.order != "one_by_one":
        together = _jointly if how.order == "jointly" and len(ordered) > 1 else _apart

        def begin(_: Weights) -> Subject:
            shunts = {window: build(window) for window in ordered}
            return together(network, shunts).subject(*splits, how)

        return [Task(JOINT, begin)]

    def later(place: int) -> Task:
        window, before = ordered[place], ordered[:place]

        def begin(done: Weights) -> Subject:
            earlier = {one: build(one) for one in before}
            for one, shunt in earlier.items():
                restore(shunt, within_shunt(done[str(one)], shunt.name), f"the shunt {one}")
            return _fed(network, window, build(window), earlier).subject(*splits, how)

        return Task(str(window), begin)

    return [later(place) for place in range(len(ordered))]


def _apart(network: keras.Model, shunts: Shunts) -> Imitation:
    return Imitation(shunts, _ends(network, shunts), _each(shunts))


def _fed(network: keras.Model, window: Window, shunt: keras.Model, earlier: Shunts) -> Imitation:
    shunts, feeding = {window: shunt}, feed(network, window, earlier)
    ends = _ends(network, shunts)
    return Imitation(
        shunts, lambda images: [feeding(images, training=False), ends(images)[1]], _each(shunts)
    )


def _jointly(network: keras.Model, shunts: Shunts) -> Imitation:
    whole = chain(network, shunts)
    return Imitation(
        shunts,
        _ends(network, shunts),
        lambda images, _, training: whole(images, training=training),
    )


def _each(shunts: Shunts) -> Answer:
    def answer(_: Any, entries: Sequence[Any], training: bool) -> list[Any]:
        pairs = zip(shunts.values(), entries, strict=True)
        return [shunt(entry, training=training) for shunt, entry in pairs]

    return answer


def _ends(network: keras.Model, shunts: Shunts) -> Ask:
    features = Features.of(network, shunts)

    def ends(images: Any) -> list[Any]:
        entries, exits = zip(*features(images).values(), strict=True)
        return [*entries, *exits]

    return ends


def within_shunt(weights: Mapping[str, Array], name: str) -> dict[str, Array]:
    """Return the weights of the shunt `name` among those of a task."""
    start = f"{name}/"
    return {
        key.removeprefix(start): value for key, value in weights.items() if key.startswith(start)
    }


def shunt_weights(trained: Trained, shunts: Shunts) -> dict[Window, dict[str, Array]]:
    """Return the best weights of each shunt, as `weights.restore` takes them."""
    found: dict[str, Array] = {}
    for weights in trained.weights.values():
        found |= weights
    return {window: within_shunt(found, shunt.name) for window, shunt in shunts.items()}


def shunt_history(history: Sequence[Row]) -> list[Row]:
    """Return a row for each epoch and shunt: its error, its L2 term, its validation error.

    The error is the pure mean squared one; what the release prints as the loss also has the L2
    terms of the whole network.
    """
    start = "mse "
    return [
        {
            "shunt": column.removeprefix(start),
            "epoch": row["epoch"],
            "learning_rate": row["learning_rate"],
            "mse": row[column],
            "regulariser": row[f"regulariser {column.removeprefix(start)}"],
            _ERROR: row[f"{_ERROR} {column.removeprefix(start)}"],
        }
        for row in history
        for column in row
        if column.startswith(start)
    ]
