"""What a command line asks for, in the terms of the stages; no framework is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reproductions.ensemble_kd.cli.ranges import made
from reproductions.ensemble_kd.params.ensemble import Initialisation
from reproductions.ensemble_kd.params.network import Network, Stem
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.teachers import TeacherName
from reproductions.ensemble_kd.params.teaching import Mode, Teaching
from reproductions.ensemble_kd.params.training import Training

ENSEMBLE: Literal["ensemble"] = "ensemble"
THUMBNAIL_BELOW = 50
"""Images less wide than this, in pixels, get the stem `thumbnail`."""


@dataclass(frozen=True)
class Files:
    """Where things are read and written.

    Parameters
    ----------
    folder, stem
        Of all that is written; `stem` begins the names.
    prefix
        The beginning of the paths of periodic checkpoints; "" for `folder` and `stem`.
    every
        Epochs between them; None for none.
    """

    folder: Path
    stem: str
    prefix: str
    every: int | None
    named: str
    progress: str
    resume: str
    states: str


@dataclass(frozen=True)
class Source:
    """Which images: a dataset, the folder or file that has it, and how records are changed."""

    dataset: str
    place: Path
    augmentation: str


@dataclass(frozen=True)
class TeacherPlan:
    """A teacher outside of the ensemble.

    Parameters
    ----------
    kind
        Its network; `ensemble` for one with a member of each width.
    width
        Scales its channels; that of an ensemble is its pupil's.
    params
        Parameters that it begins with, or that it keeps; "" for fresh ones.
    training
        How it is trained along; None for a frozen one.
    teacher, mode
        Who teaches it, and how; None for labels alone.
    """

    kind: TeacherName | Literal["ensemble"]
    width: float
    params: str
    training: Training | None
    teacher: TeacherPlan | None = None
    mode: Mode = "none"


@dataclass(frozen=True)
class Plan:
    """One run.

    Parameters
    ----------
    asked
        The fields of the network but for those that the images decide.
    widths
        Of the members; empty where a teacher is trained alone.
    target
        The width that decides which epoch is best.
    internal
        The widest member teaches the others.
    alone
        The teacher is trained alone, without an ensemble.
    hybrid
        Networks are compiled before they are trained.
    start
        Epochs that are done already.
    interrupt
        The epoch before which the run stops; None to go to the end.
    short
        An epoch is one batch, and so is a test.
    """

    asked: Mapping[str, Any]
    stem: Stem
    widths: tuple[int, ...]
    target: int
    quantisation: Quantisation
    teaching: Teaching
    training: Training
    teacher: TeacherPlan | None
    internal: bool
    alone: bool
    two_stage: bool
    hybrid: bool
    initialization: Initialisation
    source: Source
    files: Files
    seed: int
    start: int
    interrupt: int | None
    short: bool
    dry: bool
    interval: int
    swapped_agreement: bool

    def network(self, size: int, channels: int, classes: int) -> Network:
        """Return the members' network for such images.

        Raises
        ------
        UsageError
            There is no such network.
        """
        stem: Stem = "thumbnail" if size < THUMBNAIL_BELOW else self.stem
        fields = {"image_size": size, "image_channels": channels, "classes": classes, "stem": stem}
        names = {"width": "--width-multiplier", "shortcut_groups": "--downsample-sc-groups"}
        return made(Network, {**self.asked, **fields}, names)

    @property
    def pupil(self) -> str:
        """The name of the network that is trained: `ensemble`, or `teacher` where it is alone."""
        return "teacher" if self.alone else ENSEMBLE

    def stages(self) -> tuple[Plan, ...]:
        """Return the runs of which this one is made, two for --two-stage."""
        if not self.two_stage:
            return (self,)
        full = self.quantisation.model_copy(update={"full_weights": True})
        return (dataclasses.replace(self, quantisation=full), self)
