"""Models and weights that a configuration names, whatever wrote them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from harness.errors import HarnessError
from harness.formats import arrays
from harness.formats.arrays import Array
from reproductions.shunt.checkpoint import load_npy
from reproductions.shunt.weights import restore, snapshot

# Keras brings it; where types are checked it is not installed.
h5py: Any = import_module("h5py")

_FORMS = (
    ".weights.h5 and .keras as this log folder has them, .safetensors as a stage has it, .h5 with "
    "weights as the release has them, or a folder of .npy files"
)


def read_model(field: str, path: Path) -> Any:
    """Return the Keras model in the ``.keras`` file `path`, which `field` of a file names.

    Raises
    ------
    HarnessError
        There is no such file, or it is no model that can be read without running its code.
    """
    if path.suffix == ".h5":
        raise HarnessError(
            f"{field}: {path} is a model of the release, whose layers this Keras does not have",
            "name the type of the network, and give the file as weightspath with pretrained = True",
        )
    if path.suffix != ".keras" or not path.is_file():
        raise HarnessError(f"{field}: there is no .keras file {path}")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, AttributeError) as error:
        raise HarnessError(f"{field}: {path} is no model: {_first(error)}") from error


def read_weights(field: str, path: Path, model: Any) -> None:
    """Put the weights that lie at `path`, which `field` of a file names, into `model`.

    Raises
    ------
    HarnessError
        There are none, they are of no known form, or they are of another network.
    """
    if path.is_dir():
        load_npy(model, path)
    elif not path.is_file():
        raise HarnessError(f"{field}: there is no {path}", f"allowed: {_FORMS}")
    elif path.name.endswith(".weights.h5"):
        _own(field, path, model)
    else:
        restore(model, _by_name(field, path), str(path))


def _own(field: str, path: Path, model: Any) -> None:
    before = snapshot(model)
    try:
        with warnings.catch_warnings():
            # Of a layer that the file does not have, Keras only warns.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        # Keras has replaced the weights up to the first that does not fit.
        restore(model, before, "memory")
        raise HarnessError(
            f"{field}: {path} has no weights of the network {model.name}: {_first(error)}",
            "give the network that they were saved from",
        ) from error


def _by_name(field: str, path: Path) -> Mapping[str, Array]:
    if path.suffix == ".safetensors":
        return arrays.read_weights(path)
    if path.suffix == ".keras":
        return snapshot(read_model(field, path))
    if path.suffix == ".h5":
        return _released(field, path)
    raise HarnessError(f"{field}: {path} is of no known form", f"allowed: {_FORMS}")


def _released(field: str, path: Path) -> dict[str, Array]:
    try:
        with h5py.File(path, "r") as file:
            return dict(_layers(file.get("model_weights", file)))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise HarnessError(
            f"{field}: {path} has no weights by layer: {_first(error)}",
            "give a file of the release's save_weights or save",
        ) from error


def _layers(group: Any) -> Iterator[tuple[str, Array]]:
    """Yield the weights of a file of TensorFlow's own Keras, under the names of today's."""
    for layer in _texts(group.attrs["layer_names"]):
        for name in _texts(group[layer].attrs["weight_names"]):
            *inner, weight = name.removesuffix(":0").split("/")
            # A nested model's weights begin with the names of its own layers.
            within = [part for part in inner[-1:] if part != layer]
            today = "kernel" if weight == "depthwise_kernel" else weight
            yield "/".join([layer, *within, today]), np.array(group[layer][name])


def _texts(values: Any) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _first(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300] or type(error).__name__
