"""What the steps of a connector work with: data, judgement, log and findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import keras

from harness.errors import HarnessError
from harness.spec.base import Spec
from harness.stage.run import Run
from reproductions.shunt.connector.config import Config
from reproductions.shunt.connector.counts import flops
from reproductions.shunt.connector.course import Course, run_of
from reproductions.shunt.connector.datasets import Datasets
from reproductions.shunt.connector.judge import Judge
from reproductions.shunt.connector.log import Log
from reproductions.shunt.connector.missing import needed
from reproductions.shunt.connector.summary import Findings
from reproductions.shunt.data.split import Part
from reproductions.shunt.knowledge import Score, of_answers
from reproductions.shunt.params.training import Augmentation

S = TypeVar("S", bound=Spec)


def needed_section(step: str, name: str, found: S | None) -> S:
    """Return a section that `step` needs; MissingError names it when the configuration has none."""
    return needed(step, f"[{name}]", found, f"add the section [{name}] to the configuration")


@dataclass
class Desk:
    """What is on the desk of one connector.

    Parameters
    ----------
    losses, metrics
        The user's own; None for those of the task.
    augment
        How training images change.
    size
        How many test images at a time.
    """

    config: Config
    log: Log
    size: int
    data: Datasets = field(default_factory=Datasets)
    findings: Findings = field(default_factory=Findings)
    losses: tuple[Any, ...] | None = None
    metrics: tuple[Any, ...] | None = None
    augment: Augmentation | None = None

    def assign(self, part: Part, given: Any) -> None:
        """Take a user's own unbatched tf.data for a part; what changes in it is the user's."""
        self.augment = None
        self.data.assign(part, given)

    def run(self, stage: str) -> Run:
        """Return the run of a step, with its seeds."""
        return run_of(stage, self.config.seed)

    def judge(self, step: str) -> Judge:
        """Return the losses and metrics; MissingError when nothing is known of the dataset."""
        return Judge(self.data.known(step), self.losses, self.metrics)

    def course(self, step: str, stage: str) -> Course:
        """Return a training; MissingError names the part of the dataset that it lacks."""
        parts: tuple[Part, Part] = ("train", "validation")
        images, validation = (self.data.split(step, part) for part in parts)
        return Course(images, validation, self.judge(step), self.log, self.run(stage))

    def score(self, step: str, part: Part) -> Score:
        """Return what measures the last metric of a model, compiled once for the same model."""
        judge, split = self.judge(step), self.data.split(step, part)
        return of_answers(lambda answer: judge.score(answer, split, self.size)[judge.metric])

    def test(self, step: str, name: str, model: Any) -> None:
        """Measure `model` on the test images, as `name` among the findings."""
        judge, split = self.judge(step), self.data.split(step, "test")
        found = judge.score(model, split, self.size)
        self.findings.accuracy[name] = found[judge.metric]
        said = ", ".join(f"{metric} {value:.4f}" for metric, value in found.items())
        self.log.say(f"{name.replace('_', ' ').capitalize()} on the test images: {said}")
        self.keep()

    def count(self, name: str, given: Sequence[Any]) -> None:
        """Count the multiply-adds of a model, or of some together."""
        counted = [flops(model) for model in given]
        total = {kind: sum(one[kind] for one in counted) for kind in counted[0]}
        self.findings.flops[name] = total
        self.findings.parameters[name] = sum(model.count_params() for model in given)
        for model in given:
            model.summary(line_length=100, print_fn=self.log.note)
        self.log.say(f"{name.capitalize()} model: {total['total']:,} multiply-adds")
        self.keep()

    def check(self, step: str, model: Any) -> None:
        """Refuse what is no network for the dataset, as far as that is known already."""
        if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
            raise HarnessError(
                f"{step}: {type(model).__name__} is no functional or sequential Keras model",
                "give a built one, not a class with its own call",
            )
        props = self.data.props
        found = (tuple(model.input_shape[1:]), model.output_shape[-1])
        if props is not None and found != (props.input_shape, props.num_classes):
            raise HarnessError(
                f"{step}: the model takes {found[0]} and tells {found[1]} classes apart, the "
                f"dataset has {props.input_shape} and {props.num_classes}",
                "give a model for these images, or another dataset",
            )

    def keep(self) -> None:
        """Keep the findings so far as summary.json."""
        self.log.summary(self.findings.content())


class PartOfDataset:
    """Unbatched tf.data of images and labels, a field of what has a `desk`; assign your own."""

    def __init__(self, part: Part) -> None:
        self.part: Part = part

    def __get__(self, owner: Any, kind: type) -> Any:
        return owner.desk.data.unbatched(self.part)

    def __set__(self, owner: Any, given: Any) -> None:
        owner.desk.assign(self.part, given)
