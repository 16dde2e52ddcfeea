"""Which network: a family with its numbers, and the images and classes that it is made for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.steps import Params


def _check_depth(depth: int) -> int:
    if depth < 10 or (depth - 4) % 6:
        raise ValueError(f"the depth of a WRN is 6n + 4 (10, 16, 22, 28, 34, 40, ...), not {depth}")
    return depth


class _Task(Params):
    """What every network is told: the images that it sees and the classes that it tells apart."""

    image_size: int = Field(32, ge=1, le=1024, description="Height and width of an image.")
    image_channels: int = Field(3, ge=1, le=16)
    classes: int = Field(10, ge=2, le=100_000)


class WideResNet(_Task):
    """A wide residual network, WRN-`depth`-`width`."""

    family: Literal["wrn"]
    depth: Annotated[int, AfterValidator(_check_depth)] = Field(
        description="6n + 4 for n blocks in each of three groups."
    )
    width: int = Field(
        ge=1, le=64, description="Multiplies the 16, 32 and 64 channels of the groups."
    )


class Vgg(_Task):
    """A VGG network with batch normalisation and one linear layer."""

    family: Literal["vgg"]
    depth: Literal[11, 13, 16, 19]
    multiplier: float = Field(1.0, gt=0, le=4, description="Scales every number of channels.")


class MobileNetV2(_Task):
    """A MobileNetV2 for small images: the stem and the second group keep the resolution."""

    family: Literal["mobilenetv2"]
    multiplier: float = Field(1.0, gt=0, le=4, description="Scales every number of channels.")


Network = Annotated[WideResNet | Vgg | MobileNetV2, Field(discriminator="family")]
"""One network of one of the three families."""
