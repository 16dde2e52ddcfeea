"""The sections of the published configuration: every key, its default and what may stand there.

A default is that which the release's `create_config` writes (fact of the release), unless the
description says that it is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.spec.base import Spec
from reproductions.shunt.connector.locations import Locations, locations_of

Task = Literal["classification", "segmentation"]
Policy = Literal["two_cycles", "plateau", "poly"]
DatasetName = Literal[
    "CIFAR10", "CIFAR100", "cityscapes", "digits", "digit_scenes", "fashion_mnist", "railsem19"
]
ModelType = Literal[
    "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large", "DeeplabV3_MobileNetV3Small"
]
Freezing = Literal[
    "nothing",
    "freeze_before_shunt",
    "unfreeze_shunt",
    "unfreeze_after_shunt",
    "unfreeze_per_epoch_starting_top",
    "unfreeze_per_epoch_starting_shunt",
]
Kind = Literal["plain", "dark_knowledge", "attention", "features", "ace"]
FilePath = Annotated[str, Field(max_length=1000)]


def _only(allowed: bool | float, reason: str) -> AfterValidator:
    """Return a check for the one value that can be honoured, which says why no other can."""

    def check(value: bool | float) -> bool | float:
        if value != allowed:
            raise ValueError(f"{value} cannot be honoured, {allowed} can: {reason}")
        return value

    return AfterValidator(check)


def _that(parse: Callable[[str], object]) -> AfterValidator:
    """Return a check that `parse` takes the text, which itself stays as it is."""

    def check(value: str) -> str:
        parse(value)
        return value

    return AfterValidator(check)


def pair_of(text: str) -> tuple[int, int] | None:
    """Return height and width of "32,32"; None for an empty text; ValueError for another."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,5})\s*,\s*(\d{1,5})", text)
    if not found or "0" in found.groups():
        raise ValueError(f"'{text[:40]}' is no height and width such as 32,32")
    return int(found[1]), int(found[2])


def architectures_of(text: str) -> tuple[Literal[1, 4, 5], ...]:
    """Return the architectures of "1", or of "1; 4" for two windows; ValueError for others."""
    known: dict[str, Literal[1, 4, 5]] = {"1": 1, "4": 4, "5": 5}
    parts = [part.strip() for part in text.split(";")]
    for part in parts:
        if part not in known:
            raise ValueError(f"'{part[:40]}' is no architecture; allowed: 1, 4, 5")
    return tuple(known[part] for part in parts)


def _a_pretrained(value: str) -> str:
    if value == "imagenet":
        raise ValueError(
            "'imagenet' cannot be honoured: its weights are of Keras's networks, are fetched from "
            "a server, and are for 1000 classes; name a file in weightspath and write True"
        )
    return value


class General(Spec):
    """Which steps `execute` takes."""

    train_original_model: bool = False
    test_original_model: bool = False
    calc_knowledge_quotients: bool = False
    train_shunt_model: bool = False
    test_shunt_model: bool = False
    test_shunt_inserted_model: bool = Field(
        default=False, description="As test_after_shunt_insertion; the release never reads it."
    )
    train_final_model: bool = False
    test_final_model: bool = False
    test_latency: bool = False
    test_fine_tune_strategies: Annotated[
        bool, _only(False, "the release has a key of that name and no such step")
    ] = Field(default=False, alias="test_fine-tune_strategies", description="Only False.")
    task: Literal["", "classification", "segmentation"] = Field(
        default="",
        description="Must be the dataset's task, or be empty; the release never reads it.",
    )
    seed: int = Field(default=0, ge=0, lt=2**32, description="Ours; of everything that is drawn.")
    compat: bool = Field(
        default=False,
        description="Ours; the release's poly schedule and dark knowledge with their defects.",
    )


class Dataset(Spec):
    """Which images."""

    name: DatasetName = "CIFAR10"
    path: FilePath = Field(
        default="",
        description="Folder of the dataset, made there when it is not; empty: dataset/<name>.",
    )
    input_size: Annotated[str, _that(pair_of)] = Field(
        default="",
        description="Height,width to which the images of cityscapes, railsem19 and digit_scenes "
        "are made smaller; of another dataset its images' own size; empty: the dataset's own.",
    )
    test_batchsize: int = Field(default=1, ge=1, le=65_536)

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width, where they are given."""
        return pair_of(self.input_size)


class Model(Spec):
    """The original model."""

    type: ModelType = "DeeplabV3_MobileNetV3Small"
    depth_factor: float = Field(
        default=1.0, gt=0, le=4, description="Alpha, which multiplies the channels."
    )
    from_file: bool = Field(default=False, description="Load the model from filepath.")
    filepath: FilePath = Field(default="", description="A .keras file; used with from_file.")
    pretrained: Annotated[
        Literal["false", "true", "imagenet", "cityscapes"], AfterValidator(_a_pretrained)
    ] = Field(
        default="false",
        description="False; True: weights from weightspath; cityscapes: the published checkpoint, "
        "converted into the folder weightspath.",
    )
    weightspath: FilePath = Field(
        default="",
        description="A .weights.h5, .h5, .keras or .safetensors file or a folder of .npy files; "
        "used with pretrained.",
    )
    change_stride_layers: int = Field(
        default=0,
        ge=0,
        le=5,
        description="So many of the first strided layers keep the resolution. Missing in the file "
        "that the release writes; 0 is ours.",
    )
    output_stride: Literal[8, 16, 32] = Field(
        default=32, description="Of DeeplabV3_MobileNetV3Small alone; 32 for the others."
    )
    pool_size: Annotated[str, _that(pair_of)] = Field(
        default="",
        description="Ours, of DeeplabV3_MobileNetV3Small alone: height,width of its head's pool; "
        "empty: 13,13 as released, which needs images of 385 pixels.",
    )
    pool_strides: Annotated[str, _that(pair_of)] = Field(
        default="", description="Ours; empty: 4,5 as released."
    )

    momentum: float = Field(
        default=0.999,
        ge=0,
        lt=1,
        description="Ours: of the moving statistics of batch normalisation, also of the shunts. "
        "0.999 as released needs some thousand batches.",
    )

    @property
    def pool(self) -> tuple[int, int] | None:
        """Height and width of the pool, where they are given."""
        return pair_of(self.pool_size)

    @property
    def pool_step(self) -> tuple[int, int] | None:
        """Strides of the pool, where they are given."""
        return pair_of(self.pool_strides)


class Shunt(Spec):
    """The shunts and where they go."""

    locations: Annotated[str, _that(locations_of)] = Field(
        default="64,157",
        description="Windows of blocks, counted from 0 and both included: 7-12, or 7-12; 14-15. "
        "Or two layer indices as released: 64,157.",
    )
    arch: Annotated[str, _that(architectures_of)] = Field(
        default="1", description="1, 4 or 5; with several windows one for all, or 1; 4 for each."
    )
    width: Literal["published", "window"] = Field(
        default="published", description="Ours; window: the widths follow those of the window."
    )
    from_file: bool = Field(
        default=False,
        description="Load the shunt from filepath. The release looks for a key 'from file'.",
    )
    filepath: FilePath = Field(default="", description="A .keras file; used with from_file.")
    pretrained: bool = Field(default=False, description="Load the weights from weightspath.")
    weightspath: FilePath = ""

    @property
    def where(self) -> Locations:
        """The windows, or the pair of layer indices."""
        return locations_of(self.locations)

    @property
    def architectures(self) -> tuple[Literal[1, 4, 5], ...]:
        """One architecture for all windows or one for each."""
        return architectures_of(self.arch)


class FinalModel(Spec):
    """The model with its shunts in place."""

    test_after_shunt_insertion: bool = False
    pretrained: bool = Field(default=False, description="Load the weights from weightspath.")
    weightspath: FilePath = ""


class _Training(Spec):
    """What the trainings have in common."""

    learning_policy: Policy
    batchsize: int = Field(default=24, ge=2, le=65_536)
    max_epochs: int = Field(ge=1, le=10_000)
    base_learning_rate: float = Field(gt=0, le=10)
    epochs_param: int = Field(
        default=4,
        ge=1,
        le=10_000,
        description="two_cycles: epochs of the first cycle; plateau: epochs of patience.",
    )
    learning_rate_param: float = Field(
        gt=0,
        le=10,
        description="two_cycles: the second cycle's rate; plateau: the factor; poly: the power.",
    )


class TrainingOriginalModel(_Training):
    """The training of the original model."""

    learning_policy: Policy = "poly"
    max_epochs: int = Field(default=700, ge=1, le=10_000)
    base_learning_rate: float = Field(default=0.05, gt=0, le=10)
    learning_rate_param: float = Field(default=0.9, gt=0, le=10)


class TrainingShuntModel(_Training):
    """The training of the shunts, by Adam; the release reads rate, batchsize and epochs alone."""

    learning_policy: Policy = "plateau"
    max_epochs: int = Field(default=120, ge=1, le=10_000)
    base_learning_rate: float = Field(default=0.1, gt=0, le=10)
    learning_rate_param: float = Field(default=0.1, gt=0, le=10)
    full_attention_transfer_factor: Annotated[
        float, _only(1.0, "the release never reads it, and the method has nothing else to weigh")
    ] = Field(default=1.0, description="Only 1.0.")
    use_categorical_crossentropy: Annotated[
        bool,
        _only(False, "the release never reads it; train the final model on the labels instead"),
    ] = Field(default=False, description="Only False.")


class TrainingFinalModel(_Training):
    """The training of the final model."""

    learning_policy: Policy = "poly"
    freezing: Freezing = Field(
        default="nothing",
        description="nothing or freeze_before_shunt; and, of the release's predecessor, "
        "unfreeze_shunt, unfreeze_after_shunt, unfreeze_per_epoch_starting_top and "
        "unfreeze_per_epoch_starting_shunt.",
    )
    max_epochs: int = Field(default=300, ge=1, le=10_000)
    base_learning_rate: float = Field(default=0.01, gt=0, le=10)
    learning_rate_param: float = Field(default=0.9, gt=0, le=10)


def strength_of(text: str) -> float | None:
    """Return the number that `text` is; None for an empty text; ValueError for another."""
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}(\.\d{0,9})?", text):
        raise ValueError(f"'{text[:40]}' is no strength such as 4.0")
    return float(text)


class Distillation(Spec):
    """What the final model learns from the original one beside the labels; the section is ours.

    In the release a script of the user's calls for it.
    """

    kind: Kind = "plain"
    temperature: float = Field(default=5.0, gt=0, le=1000, description="Of dark_knowledge.")
    strength: Annotated[str, _that(strength_of)] = Field(
        default="",
        description="Of dark_knowledge (empty: 4), attention and features (empty: 1).",
    )
    layers: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Of attention: additions that are compared; 0: a third of them, at least 2.",
    )
    kappa: float = Field(default=0.3, ge=0, le=1, description="Of ace.")


class TestLatency(Spec):
    """The measurement of the latency."""

    __test__ = False  # pytest takes the name for that of a test

    iterations: int = Field(default=3, ge=1, le=10_000)
    number_of_samples: int = Field(default=30, ge=1, le=10_000)
    batchsize: int = Field(default=1, ge=1, le=65_536)
