"""How a network is trained: optimiser, schedule of the learning rate and augmentation."""

from __future__ import annotations

from pydantic import Field

from harness.steps import Params


class Schedule(Params):
    """The learning rate is multiplied by `gamma` after every `step` epochs."""

    step: int = Field(ge=1)
    gamma: float = Field(gt=0, le=1)


class Augmentation(Params):
    """Random changes of a training image: shifted by up to `pad` pixels, mirrored half the time."""

    pad: int = Field(
        default=0, ge=0, le=64, description="Zeros added on each side before the crop."
    )
    flip: bool = False


class Training(Params):
    """Stochastic gradient descent with momentum; the released values are the defaults."""

    epochs: int = Field(default=200, ge=1, le=10_000)
    batch_size: int = Field(default=128, ge=2, le=65_536)
    learning_rate: float = Field(gt=0, le=10)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-4, ge=0, lt=1)
    schedule: Schedule
    augment: Augmentation | None = Field(
        None, description="Left out: every epoch sees the images as they are."
    )
