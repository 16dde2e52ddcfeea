"""Which network: resnet18_e1 at some width, and the images and classes that it is made for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.steps import Params

Stem = Literal["auto", "thumbnail", "imagenet", "grouped_stem"]
"""The first layers. `auto`: `thumbnail` for images less than 50 pixels wide, else `imagenet`."""

AddedActivation = Literal["", "prelu", "relu", "elu"]


class Network(Params):
    """resnet18_e1: sixteen quantised 3x3 convolutions, each with a shortcut around it."""

    architecture: Literal["resnet18_e1"] = "resnet18_e1"
    width: float = Field(
        default=1.0,
        gt=0,
        le=4,
        description="Scales the channels 64, 128, 256 and 512 of the stages.",
    )
    classes: int = Field(default=10, ge=2, le=100_000)
    image_size: int = Field(default=32, ge=4, le=1024, description="Height and width, pixels.")
    image_channels: int = Field(default=3, ge=1, le=16)
    stem: Stem = "auto"
    shortcut_pool: bool = Field(
        default=True,
        description="Shortcuts that narrow the map pool it by 2x2, and then have stride 1.",
    )
    shortcut_full_precision: bool = Field(
        default=True, description="The 1x1 convolutions of the shortcuts are not quantised."
    )
    shortcut_groups: int = Field(default=1, ge=1, le=64)
    add_activation: AddedActivation = Field(default="", description="After each quantised block.")
