"""What sections of a configuration must agree on, beyond what each must be by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reproductions.shunt.connector.locations import Layers
from reproductions.shunt.connector.sections import DatasetName, Task
from reproductions.shunt.params.training import Augmentation, Crop, Shift

if TYPE_CHECKING:
    from reproductions.shunt.connector.config import Config


class Disagreement(NamedTuple):
    """A value that another one contradicts.

    Parameters
    ----------
    section, key
        Where it stands.
    said
        What is wrong with it.
    allowed
        What may stand there; empty when `said` has it.
    """

    section: str
    key: str
    said: str
    allowed: str = ""


@dataclass(frozen=True)
class Known:
    """What the configuration's check knows of a dataset.

    Parameters
    ----------
    spec
        Its name among the datasets of ``specs/dataset``.
    size
        Height and width of its images; None where they can be made smaller.
    augment
        How its training images change: as released for CIFAR and Cityscapes; digits are not
        mirrored.
    """

    spec: str
    task: Task
    size: tuple[int, int] | None
    augment: Augmentation


_SHIFT, _CROP = Shift(kind="shift"), Crop(kind="crop")

DATASETS: Mapping[DatasetName, Known] = {
    "CIFAR10": Known("cifar10", "classification", (32, 32), _SHIFT),
    "CIFAR100": Known("cifar100", "classification", (32, 32), _SHIFT),
    "cityscapes": Known("cityscapes", "segmentation", None, _CROP),
    "digits": Known("digits", "classification", (8, 8), Shift(kind="shift", flip=False)),
    "digit_scenes": Known("digit_scenes", "segmentation", None, Crop(kind="crop", flip=False)),
    "fashion_mnist": Known("fashion_mnist", "classification", (28, 28), _SHIFT),
    "railsem19": Known("railsem19", "segmentation", None, _CROP),
}
"""The datasets by the names that they have in the configuration."""

LEAST_CALLS = 3
"""Calls of which quartiles can be told."""

_STEPS = {
    "train_original_model": "TRAINING_ORIGINAL_MODEL",
    "train_shunt_model": "TRAINING_SHUNT_MODEL",
    "train_final_model": "TRAINING_FINAL_MODEL",
    "test_latency": "TEST_LATENCY",
}
_FILES = {"from_file": "filepath", "pretrained": "weightspath"}


def disagreements(config: Config) -> Iterator[Disagreement]:
    """Yield every disagreement; a section that is missing contradicts nothing."""
    yield from _dataset(config)
    yield from _network(config)
    yield from _files(config)
    yield from _shunts(config)
    yield from _trainings(config)
    yield from _distillation(config)


def _dataset(config: Config) -> Iterator[Disagreement]:
    if config.dataset is None:
        return
    name, size = config.dataset.name, config.dataset.size
    known = DATASETS[name]
    if config.general and config.general.task not in ("", known.task):
        said = f"'{config.general.task}' is not the task of dataset {name}"
        yield Disagreement("GENERAL", "task", said, f"'{known.task}'")
    if known.size and size not in (None, known.size):
        said = f"the images of {name} have another size"
        wanted = ",".join(map(str, known.size))
        yield Disagreement("DATASET", "input_size", said, f"'{wanted}' or nothing")


def _network(config: Config) -> Iterator[Disagreement]:
    model = config.model
    if model is None or model.from_file:
        return
    segments = model.type == "DeeplabV3_MobileNetV3Small"
    if config.dataset and segments != (DATASETS[config.dataset.name].task == "segmentation"):
        task = DATASETS[config.dataset.name].task
        said = f"'{model.type}' is no network for {task}, which is the task of the dataset"
        yield Disagreement("MODEL", "type", said)
    if segments and model.change_stride_layers:
        said = f"'{model.type}' keeps its strides but for output_stride"
        yield Disagreement("MODEL", "change_stride_layers", said, "0")
    if not segments and model.output_stride != 32:
        said = f"'{model.type}' has none; it has change_stride_layers"
        yield Disagreement("MODEL", "output_stride", said, "32")
    for key in ("pool_size", "pool_strides"):
        if not segments and getattr(model, key):
            yield Disagreement("MODEL", key, f"'{model.type}' has no such pool", "nothing")
    if not segments and model.pretrained == "cityscapes":
        said = f"the checkpoint of Cityscapes is not of '{model.type}'"
        yield Disagreement("MODEL", "pretrained", said, "False, True")


def _files(config: Config) -> Iterator[Disagreement]:
    for section in ("MODEL", "SHUNT", "FINAL_MODEL"):
        values = getattr(config, section.lower())
        for switch, path in _FILES.items():
            on = getattr(values, switch, False) not in (False, "false")
            if on and not getattr(values, path):
                said = f"is empty, and {switch} says that there is one"
                yield Disagreement(section, path, said, "a path")


def _shunts(config: Config) -> Iterator[Disagreement]:
    shunt = config.shunt
    if shunt is None:
        return
    windows = 1 if isinstance(shunt.where, Layers) else len(shunt.where)
    given = len(shunt.architectures)
    if given not in (1, windows):
        yield Disagreement("SHUNT", "arch", f"names {given} shunts for {windows} windows")
    for key in ("from_file", "pretrained"):
        if getattr(shunt, key) and windows > 1:
            said = f"one file is of one shunt, and locations names {windows} windows"
            yield Disagreement("SHUNT", key, f"{said}; call set_shunt_model with a list")


def _trainings(config: Config) -> Iterator[Disagreement]:
    for section in ("ORIGINAL", "SHUNT", "FINAL"):
        how = getattr(config, f"training_{section.lower()}_model")
        if how and how.learning_policy == "plateau" and how.learning_rate_param >= 1:
            said = f"{how.learning_rate_param:g} is no factor that makes a rate smaller"
            where = f"TRAINING_{section}_MODEL"
            yield Disagreement(where, "learning_rate_param", said, "a number, less than 1")
        if how and how.learning_policy == "two_cycles" and how.epochs_param >= how.max_epochs:
            said = f"{how.epochs_param} leaves no second cycle of {how.max_epochs} epochs"
            yield Disagreement(f"TRAINING_{section}_MODEL", "epochs_param", said)
    for step, section in _STEPS.items():
        if getattr(config.general, step, False) and getattr(config, section.lower()) is None:
            yield Disagreement("GENERAL", step, f"is True, and there is no section [{section}]")
    calls = config.test_latency
    if calls and calls.iterations * calls.number_of_samples < LEAST_CALLS:
        said = f"with so few iterations there are less than {LEAST_CALLS} calls to measure"
        yield Disagreement("TEST_LATENCY", "number_of_samples", said)


def _distillation(config: Config) -> Iterator[Disagreement]:
    kind = config.distillation.kind if config.distillation else "plain"
    if config.dataset and kind == "ace" and DATASETS[config.dataset.name].task != "segmentation":
        said = "'ace' is of pixels, and the images of the dataset have one class each"
        yield Disagreement("DISTILLATION", "kind", said, "all but 'ace'")
