"""A network that learns or teaches, and the chain of those that teach one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mxnet import autograd

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.ensemble_kd.gluon.parameters import load, named, values
from reproductions.ensemble_kd.params.teaching import Teaching
from reproductions.ensemble_kd.params.training import Training
from reproductions.ensemble_kd.training.attention import matching_losses
from reproductions.ensemble_kd.training.losses import member_losses
from reproductions.ensemble_kd.training.pairing import matched, teacher_of
from reproductions.ensemble_kd.training.sources import Sources, sources_of

_LABELS = Teaching()


@dataclass(frozen=True, eq=False)
class Learner:
    """One network of a chain.

    Parameters
    ----------
    name
        `ensemble`, `teacher` or `teacher_t`; tells its rows and values apart.
    network
        From normalised images (B, C, H, W) to logits: (members, B, classes) of an ensemble,
        (B, classes) of any other. An ensemble's `with_maps` returns its logits and, for each
        member, what its quantised convolutions gave.
    widths
        Of the members, bits; a network that is no ensemble has the one width 32.
    teaching
        How it learns from the next one of the chain.
    training
        None: it is frozen.
    internal
        The widest member teaches the others.
    quantised
        Names of the shared parameters that members quantise.
    """

    name: str
    network: Any
    widths: tuple[int, ...]
    teaching: Teaching = _LABELS
    training: Training | None = None
    internal: bool = False
    quantised: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Gluon's parameters by canonical name."""
        return named(self.network)

    def values(self) -> dict[str, Array]:
        """Return a copy of all parameters, running statistics too."""
        return values(self.network)

    def assign(self, found: Mapping[str, Array], source: str) -> None:
        """Set all parameters to `found`; `source` names them when they do not fit."""
        load(self.network, found, source)

    def ask(self, images: Any, *, maps: bool = False) -> tuple[Any, Any]:
        """Return logits (N, B, C), and the feature maps of every member or None."""
        if maps:
            logits, found = self.network.with_maps(images)
            return logits, found
        logits = self.network(images)
        return (logits if logits.ndim == 3 else logits.expand_dims(0)), None


@dataclass(frozen=True, eq=False)
class Answer:
    """What a network that learns said of a batch: logits (N, B, C) and losses (N, B)."""

    learner: Learner
    logits: Any
    losses: Any


class Chain:
    """A pupil, its teacher, the teacher's teacher, and so on; all see the same batches.

    Raises
    ------
    HarnessError
        A teacher has none of the members that it is to teach, or no feature maps.
    """

    def __init__(self, learners: Sequence[Learner]) -> None:
        self.learners = tuple(learners)
        self.links = [
            _Link(pupil, teacher)
            for pupil, teacher in zip(learners, [*learners[1:], None], strict=True)
        ]

    @property
    def pupil(self) -> Learner:
        """The first one."""
        return self.learners[0]

    @property
    def learning(self) -> tuple[Learner, ...]:
        """Those that are not frozen."""
        return tuple(one for one in self.learners if one.training is not None)

    def answers(self, images: Any, labels: Any, first: int = 0) -> list[Answer]:
        """Return the answers of those that learn, from the `first` on; call it while recording."""
        found: list[Answer] = []
        lesson: tuple[Any, Any] = (None, None)
        for place in reversed(range(first, len(self.links))):
            link, above = self.links[place], self.links[place - 1] if place > first else None
            maps = link.attends or (above is not None and above.attends)
            if link.pupil.training is None:
                if above is None or not above.needs_teacher:
                    continue
                # A frozen teacher in training mode normalises by the batch, as published.
                with autograd.pause(train_mode=not above.pupil.teaching.teacher_predicts):
                    lesson = link.pupil.ask(images, maps=maps)
                continue
            logits, found_maps = link.pupil.ask(images, maps=maps)
            losses = link.losses((logits, found_maps), labels, lesson)
            found.insert(0, Answer(link.pupil, logits, losses))
            lesson = (logits.detach(), found_maps)
        return found


class _Link:
    """How a pupil learns from its teacher."""

    def __init__(self, pupil: Learner, teacher: Learner | None) -> None:
        how = pupil.teaching
        self.pupil = pupil
        self.sources: Sources = sources_of(
            pupil.widths,
            how.mode,
            outside=teacher is not None,
            internal=pupil.internal,
            labelled=how.internal_labels,
        )
        self.teachers: dict[int, int] = {}
        self.matched: list[int] = []
        self.attends = how.attention is not None and teacher is not None
        if teacher is None:
            return
        for place in self.sources.outside:
            self.teachers[place] = teacher_of(pupil.widths[place], teacher.widths)
        if how.attention is not None:
            _check_maps(teacher)
            self.matched = matched(pupil.widths, teacher.widths, how.attention)

    @property
    def needs_teacher(self) -> bool:
        """Whether anything of the teacher's answer is used."""
        return bool(self.teachers) or self.attends

    def losses(self, answer: tuple[Any, Any], labels: Any, lesson: tuple[Any, Any]) -> Any:
        """Return the pupil's losses (N, B) for its and its teacher's logits and maps."""
        taught, theirs = lesson
        (logits, mine), how = answer, self.pupil.teaching
        wanted = [
            taught[self.teachers[place]] if place in self.teachers else None
            for place in range(len(self.pupil.widths))
        ]
        losses = member_losses(logits, labels, wanted, how, self.sources)
        if self.attends and how.attention is not None:
            matches = [theirs[place] for place in self.matched]
            losses = losses + matching_losses(matches, mine, how.attention)
        return losses


def _check_maps(teacher: Learner) -> None:
    if not hasattr(teacher.network, "with_maps"):
        raise HarnessError(
            "attention matching needs the feature maps of an ensemble teacher; "
            f"'{teacher.name}' is a single network",
            "use an ensemble teacher, or leave attention matching out",
        )


def check_classes(values: Mapping[str, Array], classes: int, source: str) -> None:
    """Refuse the `values` of a teacher that tells another number of classes apart.

    Raises
    ------
    HarnessError
        It names both numbers; `source` names the teacher.
    """
    biases = [value for name, value in values.items() if name.endswith("output.bias")]
    found = {int(np.prod(value.shape)) for value in biases} or {classes}
    if found != {classes}:
        raise HarnessError(
            f"the teacher in {source} tells {found.pop()} classes apart, and the network that it "
            f"is to teach {classes}",
            "use a teacher that was trained on the same classes",
        )
