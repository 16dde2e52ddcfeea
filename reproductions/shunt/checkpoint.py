"""Weights of a TensorFlow 1 checkpoint: to a folder of .npy files, and from there into a model.

The rules for the names are those that the release and its predecessor publish.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.atomic import write_bytes

RENAMED = (
    ("/", "_"),
    ("MobilenetV3_", ""),
    ("BatchNorm", "BN"),
    ("_weights", "_kernel"),
    ("_biases", "_bias"),
)
"""What a variable's name is rewritten by, one after the other."""
OPTIMISER = "Momentum"
"""A variable with this in its name belongs to the optimiser."""
_SUFFIX = ".npy"
_SHOWN = 10
"""So many files are named that do not fit, and so many that are left over."""
_FIRST, _RELEASED_FIRST = "expanded_conv_0_", "expanded_conv_"
_OTHER = "take the checkpoint of the same network: the .npy files are named <layer>_<weight>.npy"


def file_name(variable: str) -> str:
    """Return the name, without suffix, of the .npy file of a checkpoint's variable."""
    for old, new in RENAMED:
        variable = variable.replace(old, new)
    return variable


def convert_checkpoint_to_npy(checkpoint: Path, folder: Path) -> tuple[str, ...]:
    """Write every variable of a TensorFlow 1 checkpoint to ``<folder>/<layer>_<weight>.npy``.

    Parameters
    ----------
    checkpoint
        The prefix of its files: ``model.ckpt-30000``, not ``model.ckpt-30000.index``.
    folder
        Is made if it is not there.

    Returns
    -------
    The names of the files, without suffix, sorted. Those of the optimiser's slots are left out.

    Raises
    ------
    HarnessError
        There is no checkpoint, it is damaged or not of TensorFlow 1, or two variables would get
        one file. Nothing is written.
    """
    arrays: dict[str, Array] = {}
    for variable, value in sorted(_variables(checkpoint).items()):
        name = file_name(variable)
        if name in arrays:
            raise HarnessError(
                f"{checkpoint}: two variables would be written to {name}{_SUFFIX}, one of them "
                f"'{variable}'",
                "rename one of them in the checkpoint",
            )
        arrays[name] = value
    for name, value in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        write_bytes(folder / f"{name}{_SUFFIX}", buffer.getvalue())
    return tuple(sorted(arrays))


def _variables(checkpoint: Path) -> dict[str, Array]:
    """Return what the checkpoint holds, but for the optimiser's slots."""
    try:
        reader = tf.train.load_checkpoint(str(checkpoint))
        names = [name for name in reader.get_variable_to_shape_map() if OPTIMISER not in name]
        values = {name: np.asarray(reader.get_tensor(name)) for name in names}
    except (ValueError, RuntimeError, IndexError, tf.errors.OpError) as error:
        raise HarnessError(
            f"{checkpoint}: cannot be read as a TensorFlow 1 checkpoint: {error}",
            "give the prefix of its .index and .data files, without those endings",
        ) from error
    for name, value in values.items():
        if value.dtype.kind not in "biuf":
            raise HarnessError(
                f"{checkpoint}: '{name}' holds no numbers: the checkpoint is not of TensorFlow 1",
                "convert one that tf.compat.v1.train.Saver has written",
            )
    return values


def load_npy(model: keras.Model, folder: Path) -> tuple[str, ...]:
    """Load the weights of `model` from the .npy files of `folder`.

    Layers of nested models have files of their own names, without the nested model's.

    Returns
    -------
    The names, without suffix, of the files that no layer has asked for (``global_step``), sorted.

    Raises
    ------
    HarnessError
        A file is missing, damaged or of another shape; it names the first ten such files and the
        first ten left over. The model is as it was.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder}: there is no such folder", "convert a checkpoint first")
    wanted = _wanted(model)
    there = {path.stem for path in folder.glob(f"*{_SUFFIX}")}
    left_over = tuple(sorted(there - wanted.keys()))
    found = {name: _read(folder / f"{name}{_SUFFIX}") for name in wanted if name in there}
    strange = list(_strange(wanted, found))
    if strange:
        said = _short(strange) + _short([f"{name}{_SUFFIX} is left over" for name in left_over])
        raise HarnessError(
            "\n  ".join([f"{folder}: these are not the weights of {model.name}:", *said]), _OTHER
        )
    for name, variable in wanted.items():
        variable.assign(found[name])
    return left_over


def _wanted(model: keras.Model) -> dict[str, Any]:
    """Return the variables of `model` by the names of their files."""
    wanted: dict[str, Any] = {}
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            wanted.update(_wanted(layer))
            continue
        for weight in layer.weights:
            wanted[f"{_released(layer.name)}_{_weight(layer, weight.name)}"] = weight
    return wanted


def _released(layer: str) -> str:
    """Return the name of `layer` in the release, whose first block has no number."""
    if layer.startswith(_FIRST):
        return _RELEASED_FIRST + layer.removeprefix(_FIRST)
    return layer


def _weight(layer: keras.Layer, weight: str) -> str:
    """Return the weight's name in TensorFlow 1, where depthwise kernels have one of their own."""
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) and weight == "kernel"
    return "depthwise_kernel" if depthwise else weight


def _read(path: Path) -> Array:
    try:
        value: Array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise HarnessError(f"{path}: cannot be read as .npy: {error}", _OTHER) from error
    return value


def _strange(wanted: Mapping[str, Any], found: Mapping[str, Array]) -> Iterator[str]:
    """Say of each file that `wanted` asks for what is wrong with it."""
    for name, variable in wanted.items():
        shape = tuple(variable.shape)
        if name not in found:
            yield f"{name}{_SUFFIX} is missing"
        elif found[name].shape != shape:
            yield f"{name}{_SUFFIX} has the shape {found[name].shape} and not {shape}"
        elif found[name].dtype.kind != "f":
            yield f"{name}{_SUFFIX} is of type {found[name].dtype} and not of decimals"


def _short(said: list[str]) -> list[str]:
    """Return the first lines of `said`, and how many more there are."""
    rest = len(said) - _SHOWN
    return said if rest <= 0 else [*said[:_SHOWN], f"and {rest} more"]
