"""Parameters of the budgets: devices that differ, and the networks that they may run."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from harness.spec.base import Name
from harness.steps import Params
from reproductions.nonn.params.network import MobileNetV2, Network, Vgg, WideResNet
from reproductions.nonn.params.partition import Communities

T = TypeVar("T")


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) != len(values):
        raise ValueError("each value is given once")
    return values


class Device(Params):
    """What one device can spare for its student, one image at a time."""

    name: Name
    weight_bytes: int = Field(ge=1, le=10**15, description="For the weights, four bytes each.")
    activation_bytes: int = Field(
        ge=1, le=10**15, description="For the values held at one time, four bytes each."
    )
    macs: int = Field(ge=1, le=10**15, description="Multiply-adds of one forward pass.")


class DeviceSet(Params):
    """Devices that serve one NoNN together."""

    name: Name
    devices: tuple[Device, ...] = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _distinct(tuple(device.name for device in self.devices))
        return self


Depths = Annotated[tuple[int, ...], Field(min_length=1), AfterValidator(_distinct)]
Widths = Annotated[
    tuple[Annotated[int, Field(ge=1, le=64)], ...], Field(min_length=1), AfterValidator(_distinct)
]
Multipliers = Annotated[
    tuple[Annotated[float, Field(gt=0, le=4)], ...],
    Field(min_length=1),
    AfterValidator(_distinct),
]


class Task(Params):
    """The images that every student sees, and the classes that they tell apart together."""

    image_size: int = Field(default=32, ge=1, le=1024, description="Height and width of an image.")
    image_channels: int = Field(default=3, ge=1, le=16)
    classes: int = Field(default=10, ge=2, le=100_000)


class WideResNets(Params):
    """Wide residual networks of every depth with every width."""

    family: Literal["wrn"]
    depths: Depths
    widths: Widths

    def networks(self, task: Task) -> list[Network]:
        """Return them all."""
        about = task.model_dump()
        return [
            WideResNet(family="wrn", depth=depth, width=width, **about)
            for depth in self.depths
            for width in self.widths
        ]


class Vggs(Params):
    """VGG networks of every depth with every width."""

    family: Literal["vgg"]
    depths: Annotated[
        tuple[Literal[11, 13, 16, 19], ...], Field(min_length=1), AfterValidator(_distinct)
    ]
    multipliers: Multipliers

    def networks(self, task: Task) -> list[Network]:
        """Return them all."""
        about = task.model_dump()
        return [
            Vgg(family="vgg", depth=depth, multiplier=multiplier, **about)
            for depth in self.depths
            for multiplier in self.multipliers
        ]


class MobileNets(Params):
    """MobileNetV2 of every width; its depth is fixed."""

    family: Literal["mobilenetv2"]
    multipliers: Multipliers

    def networks(self, task: Task) -> list[Network]:
        """Return them all."""
        about = task.model_dump()
        return [
            MobileNetV2(family="mobilenetv2", multiplier=multiplier, **about)
            for multiplier in self.multipliers
        ]


Candidates = Annotated[WideResNets | Vggs | MobileNets, Field(discriminator="family")]


class BudgetsParams(Communities):
    """The devices, and what there is to choose from."""

    sets: tuple[DeviceSet, ...] = Field(min_length=1)
    networks: tuple[Candidates, ...] = Field(
        min_length=1, description="Networks that a device may run, by depth and width."
    )
    task: Task = Task()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _distinct(tuple(one.name for one in self.sets))
        _distinct(tuple(one.family for one in self.networks))
        # A depth that its family does not have is told here, and not by the running step.
        for candidates in self.networks:
            candidates.networks(self.task)
        return self
