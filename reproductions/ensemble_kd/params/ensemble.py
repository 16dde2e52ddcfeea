"""Parameters of the training of an ensemble, and of who teaches it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from harness.errors import HarnessError
from harness.steps import Params
from reproductions.ensemble_kd.params.fitting import FittingNetwork
from reproductions.ensemble_kd.params.quantisation import FULL, Quantisation, Widths
from reproductions.ensemble_kd.params.teachers import Teacher
from reproductions.ensemble_kd.params.teaching import Teaching
from reproductions.ensemble_kd.params.training import (
    Cosine,
    Optimiser,
    Schedule,
    Training,
    check_warmup,
)
from reproductions.ensemble_kd.training.pairing import matched, teacher_of
from reproductions.ensemble_kd.training.sources import sources_of

Initialisation = Literal["default", "gaussian", "msraprelu_avg", "msraprelu_in"]


class Along(Params):
    """How a teacher learns that is trained along: on the same batches, for as many epochs."""

    learning_rate: float = Field(default=0.01, gt=0, le=10)
    optimiser: Optimiser = "adam"
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of `sgd` and `nag`.")
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    schedule: Schedule = Cosine(kind="cosine")
    warmup_epochs: int = Field(default=0, ge=0, le=10_000, description="The rate rises from 0.")
    ahead: int = Field(
        default=0, ge=0, le=10_000, description="Epochs that it learns before its pupil begins to."
    )

    def training(self, epochs: int, batch_size: int) -> Training:
        """Return the teacher's training of `epochs` in all."""
        fields = self.model_dump(exclude={"ahead", "schedule"})
        return Training(epochs=epochs, batch_size=batch_size, schedule=self.schedule, **fields)


def _check_taught(teaching: Teaching, teacher: Guide | None) -> None:
    """Refuse a teacher from whom nothing is learned; raise ValueError."""
    if teacher is not None and teaching.mode == "none" and teaching.attention is None:
        raise ValueError(
            "there is a 'teacher', and it teaches nobody: set teaching.mode to 'simple' or "
            "'progressive', or take it away"
        )


def _check_pairs(widths: Sequence[int], teaching: Teaching, teacher: Guide | None) -> None:
    """Refuse a member of `widths` that is to be taught, and by nobody; raise ValueError."""
    if teacher is None or teacher.mode == "internal":
        return
    sources = sources_of(widths, teaching.mode, outside=True)
    try:
        for place in sources.outside:
            teacher_of(widths[place], teacher.widths)
        if teaching.attention is not None:
            matched(widths, teacher.widths, teaching.attention)
    except HarnessError as error:
        raise ValueError(f"{error.message}: {error.remedy}") from error


class EnsembleTeacher(Params):
    """A second ensemble that teaches; its network is that of the pupil."""

    widths: Widths
    quantisation: Quantisation = Quantisation(full_weights=True)


class Guide(Params):
    """Who teaches.

    A frozen teacher's values are the input `teacher`, or `ensemble_teacher` where it is an
    ensemble. One that is trained along begins from new values.
    """

    mode: Literal["frozen", "along", "internal"] = Field(
        description="`internal`: the widest member of the ensemble teaches the others."
    )
    network: Teacher | None = None
    ensemble: EnsembleTeacher | None = None
    training: Along | None = Field(default=None, description="Of a teacher that is trained along.")
    teaching: Teaching = Field(
        default=Teaching(), description="How this teacher learns from its own, where it has one."
    )
    teacher: Guide | None = Field(
        default=None, description="The teacher of this one, while it learns."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        kinds = sum(kind is not None for kind in (self.network, self.ensemble))
        if self.mode == "internal":
            if kinds or self.training or self.teacher:
                raise ValueError("an internal teacher is a member, and takes no more fields")
            return self
        if kinds != 1:
            raise ValueError("a teacher is either a 'network' or an 'ensemble'")
        if (self.mode == "along") != (self.training is not None):
            raise ValueError("'training' is there exactly when a teacher is trained along")
        if self.mode == "frozen" and self.teacher is not None:
            raise ValueError("a frozen teacher learns from nobody: it takes no 'teacher'")
        if self.teacher is not None and self.teacher.mode == "internal":
            raise ValueError("the teacher of a teacher is 'frozen' or trained 'along'")
        if self.training and self.teacher and self.teacher.teacher:
            raise ValueError("the teacher of a teacher has no teacher itself")
        _check_taught(self.teaching, self.teacher)
        _check_pairs(self.widths, self.teaching, self.teacher)
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the members, in their order; a network that is no ensemble has the full one alone."""
        return (FULL,) if self.ensemble is None else self.ensemble.widths

    @property
    def ahead(self) -> int:
        """Epochs before the pupil's first."""
        return self.training.ahead if self.training else 0


class EnsembleParams(Training):
    """An ensemble, how it learns, and from whom."""

    system: str = Field(
        default="ensemble", min_length=1, max_length=64, description="Names its rows in the tables."
    )
    network: FittingNetwork
    widths: Widths
    quantisation: Quantisation = Quantisation()
    teaching: Teaching = Teaching()
    teacher: Guide | None = None
    initialisation: Initialisation = "gaussian"
    target_bits: int | None = Field(
        default=None, description="The member that chooses the best epoch; left out: the narrowest."
    )
    gradients: bool = Field(default=True, description="Gradient norms are measured once an epoch.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.target_bits is not None and self.target_bits not in self.widths:
            raise ValueError(
                f"target_bits is {self.target_bits}; the ensemble has members of "
                f"{', '.join(map(str, self.widths))} bits"
            )
        if self.member_weights is not None and len(self.member_weights) != len(self.widths):
            raise ValueError(
                f"there are {len(self.member_weights)} member_weights for {len(self.widths)} widths"
            )
        if self.teaching.mode == "simple" and self.teacher is None:
            raise ValueError("'simple' needs a teacher: give one, or teach 'progressive'ly")
        if self.teaching.attention and (self.teacher is None or self.teacher.ensemble is None):
            raise ValueError("attention matching needs an ensemble teacher")
        _check_taught(self.teaching, self.teacher)
        _check_pairs(self.widths, self.teaching, self.teacher)
        self._check_warmups()
        mixed = self.teaching.mode != "none" and not self.teaching.detach
        if self.balance == "gradient_norm" and mixed:
            raise ValueError("balance 'gradient_norm' needs teaching.detach")
        return self

    def _check_warmups(self) -> None:
        """Refuse a teacher's warm-up that leaves none of its epochs; raise ValueError."""
        for teacher in (self.teacher, self.teacher and self.teacher.teacher):
            if teacher and teacher.training and self.teacher:
                check_warmup(teacher.training.warmup_epochs, self.epochs + self.teacher.ahead)

    @property
    def target(self) -> int:
        """The width that chooses the best epoch."""
        return min(self.widths) if self.target_bits is None else self.target_bits
