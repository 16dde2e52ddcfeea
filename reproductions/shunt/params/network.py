"""Which network: a family with its numbers, and the images and classes that it is made for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.steps import Params

CLASSES = Field(10, ge=2, le=100_000)
Pixels = Annotated[int, Field(ge=1, le=8192)]


class _Task(Params):
    """What every network is told: its width and the images that it sees."""

    width: float = Field(1.0, gt=0, le=4, description="Scales the numbers of channels (alpha).")
    image_height: Pixels = 32
    image_width: Pixels = 32
    image_channels: int = Field(3, ge=1, le=16)
    momentum: float = Field(
        0.999,
        ge=0,
        lt=1,
        description="Of the moving averages of batch normalisation. As published it needs some "
        "thousand steps to forget its first values: short trainings take less.",
    )


class _Classifier(_Task):
    """What a network for classification is told."""

    classes: int = CLASSES
    change_stride_layers: int = Field(
        0,
        ge=0,
        le=5,
        description="How many of the first layers of stride 2, of which there are five, get stride "
        "1. For images of 32x32 the release takes 2.",
    )
    top: bool = Field(True, description="Whether the head for the classes is there.")


class MobileNetV2(_Classifier):
    """MobileNetV2: 17 blocks, 10 of them residual at the width 1."""

    family: Literal["mobilenetv2"]


class MobileNetV3(_Classifier):
    """MobileNetV3: 11 blocks, 6 of them residual (small), or 15 and 10 (large)."""

    family: Literal["mobilenetv3"]
    size: Literal["small", "large"]
    minimalistic: bool = Field(
        False, description="No squeeze-and-excitation, no hard swish, no 5x5 kernels."
    )


class Pool(Params):
    """The average pool of the segmentation head: heights before widths, in pixels of its map."""

    size: tuple[Pixels, Pixels] = (13, 13)
    strides: tuple[Pixels, Pixels] = (4, 5)


class DeepLabV3(_Task):
    """DeepLabV3 on MobileNetV3 small, for segmentation."""

    family: Literal["deeplabv3"]
    image_height: Pixels = 1025
    image_width: Pixels = 2049
    classes: int = Field(19, ge=2, le=255)
    output_stride: Literal[8, 16, 32] = Field(
        32, description="Pixels of the image for each pixel of the backbone's last map."
    )
    pool: Pool = Pool()

    @model_validator(mode="after")
    def _check_image(self) -> DeepLabV3:
        # An axis that is too short leaves no position to the pool.
        for side, pool in zip(("image_height", "image_width"), self.pool.size, strict=True):
            least = self.output_stride * (pool - 1) + 1
            if getattr(self, side) < least:
                raise ValueError(
                    f"{side} is {getattr(self, side)}, and the smallest that works is {least}: "
                    f"the head's pool spans {pool} pixels of a map of one pixel for each "
                    f"{self.output_stride} of the image (output_stride); take larger images, or "
                    "a smaller pool.size"
                )
        return self


Network = Annotated[MobileNetV2 | MobileNetV3 | DeepLabV3, Field(discriminator="family")]
"""One network of one of the three families."""
