"""How networks and shunts are trained: optimiser, learning rate, augmentation and freezing."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.steps import Params


class Constant(Params):
    """One learning rate for all epochs."""

    kind: Literal["constant"]


class Poly(Params):
    """The rate falls to nothing as a power of the share of epochs that are left."""

    kind: Literal["poly"]
    power: float = Field(default=0.9, gt=0, le=10)
    compat: bool = Field(
        default=False,
        description="As released: the rate of an epoch is that of the one before it by the "
        "textbook, and the first rate counts twice.",
    )


class TwoCycles(Params):
    """One rate for the first epochs, another for the rest."""

    kind: Literal["two_cycles"]
    first: int = Field(ge=1, le=10_000, description="Epochs of the first cycle.")
    second_rate: float = Field(gt=0, le=10, description="Learning rate of the second cycle.")


class Plateau(Params):
    """The rate is multiplied by `factor` when the training loss has stopped to fall."""

    kind: Literal["plateau"]
    factor: float = Field(default=0.1, gt=0, lt=1)
    patience: int = Field(default=4, ge=1, le=10_000, description="Epochs without a lower loss.")
    minimum: float = Field(default=1e-8, ge=0, le=10, description="The rate falls no lower.")


Schedule = Annotated[Constant | Poly | TwoCycles | Plateau, Field(discriminator="kind")]
"""The learning rate over the epochs (release, `learning_policy`)."""


class Shift(Params):
    """Changes of an image that has one class: moved, edges repeated, and mirrored half the time."""

    kind: Literal["shift"]
    share: float = Field(
        default=0.2, ge=0, lt=1, description="Of height and width, by which an image moves at most."
    )
    flip: bool = True


class Crop(Params):
    """Changes of an image with a mask: scaled, cut to its size, mirrored half the time.

    What a smaller image leaves free is grey in the image and ignored in the mask.
    """

    kind: Literal["crop"]
    smallest: float = Field(default=0.5, gt=0, le=8)
    largest: float = Field(default=2.0, gt=0, le=8)
    step: float = Field(default=0.25, gt=0, le=8, description="Between one scale and the next.")
    flip: bool = True

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.largest < self.smallest:
            raise ValueError("'largest' is not below 'smallest'")
        return self

    @property
    def scales(self) -> tuple[float, ...]:
        """Every scale, each as likely as another."""
        count = int((self.largest - self.smallest) / self.step + 1e-9) + 1
        return tuple(self.smallest + number * self.step for number in range(count))


Augmentation = Annotated[Shift | Crop, Field(discriminator="kind")]
"""Random changes of training images."""

Freezing = Literal[
    "nothing",
    "before_shunt",
    "through_shunt",
    "all_but_shunt",
    "release_from_top",
    "release_from_shunt",
]
"""Which layers of a network with shunts stay as they are (release and its predecessor).

`before_shunt`: all in front of the first shunt (`freeze_before_shunt`, `unfreeze_from_shunt`).
`through_shunt`: these and the shunts (`unfreeze_after_shunt`). `all_but_shunt`: all but the shunts
(`unfreeze_shunt`). `release_from_top`, `release_from_shunt`: one more block learns every two
epochs, from the output on, or from the shunts on (`unfreeze_per_epoch_starting_top`, `_shunt`).
"""


class _Epochs(Params):
    """What every training is told."""

    epochs: int = Field(ge=1, le=10_000)
    batch_size: int = Field(default=24, ge=2, le=65_536)
    learning_rate: float = Field(gt=0, le=10)
    schedule: Schedule
    augment: Augmentation | None = Field(
        default=None, description="Left out: every epoch sees the images as they are."
    )

    @model_validator(mode="after")
    def _schedule_fits(self) -> Self:
        if isinstance(self.schedule, TwoCycles) and self.schedule.first >= self.epochs:
            raise ValueError(
                f"'schedule.first' is {self.schedule.first}, which leaves no second cycle of "
                f"{self.epochs} 'epochs'"
            )
        return self


class Training(_Epochs):
    """Training of a whole network: stochastic gradient descent with momentum, not Nesterov's.

    The released values of the original network are the defaults; its final one takes 300 epochs
    from 0.01.
    """

    epochs: int = Field(default=700, ge=1, le=10_000)
    learning_rate: float = Field(default=0.05, gt=0, le=10)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    schedule: Schedule = Poly(kind="poly")
    freeze: Freezing = "nothing"


class ShuntTraining(_Epochs):
    """Training of shunts on the features of the original network, by Adam; as released."""

    epochs: int = Field(default=120, ge=1, le=10_000)
    learning_rate: float = Field(default=0.1, gt=0, le=10)
    schedule: Schedule = Plateau(kind="plateau", minimum=1e-7)
    order: Literal["apart", "one_by_one", "jointly"] = Field(
        default="jointly",
        description="What a shunt is fed while it is trained. `apart`: what its window was fed. "
        "`one_by_one`: what the shunts before it, trained already, leave of that. `jointly`: the "
        "same, with all shunts trained at once.",
    )
