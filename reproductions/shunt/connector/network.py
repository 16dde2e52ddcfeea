"""The models that the sections [MODEL] and [SHUNT] describe, made or loaded."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.reason import reason
from reproductions.shunt.connector import sections
from reproductions.shunt.connector.dataset import Props
from reproductions.shunt.connector.files import read_model, read_weights
from reproductions.shunt.connector.locations import Layers
from reproductions.shunt.models import build, released_layers
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.params.window import Window
from reproductions.shunt.shunts import build_shunt
from reproductions.shunt.surgery.legacy import window_of_indices
from reproductions.shunt.surgery.region import region
from reproductions.shunt.surgery.replacement import check_fit

_NETWORK: TypeAdapter[Network] = TypeAdapter(Network)


def original_model(section: sections.Model, props: Props | None, seed: int) -> Any:
    """Return the model of [MODEL], with its weights.

    Parameters
    ----------
    props
        What is known of the dataset; not needed for a model from a file.

    Raises
    ------
    HarnessError
        The images are too small for it, or a file has no such model or weights.
    """
    if section.from_file:
        model = read_model("MODEL.filepath", Path(section.filepath))
    else:
        assert props is not None
        model = build(network_of(section, props.input_shape, props.num_classes), seed)
    if section.pretrained != "false":
        read_weights("MODEL.weightspath", Path(section.weightspath), model)
    return model


def shunt_models(section: sections.Shunt, model: Any, seed: int, momentum: float) -> list[Any]:
    """Return the shunts of [SHUNT] for `model`, from the first window to the last.

    Parameters
    ----------
    momentum
        Of the moving statistics of batch normalisation.

    Raises
    ------
    HarnessError
        A window or a shunt is impossible there, or a file has no such shunt or weights.
    """
    windows, _ = windows_of(section, model)
    if section.from_file:
        made = [read_model("SHUNT.filepath", Path(section.filepath))]
    else:
        made = [
            build_shunt(region(model, window), shunt, seed, momentum=momentum)
            for window, shunt in zip(windows, shunts_of(section, len(windows)), strict=True)
        ]
    if section.pretrained:
        read_weights("SHUNT.weightspath", Path(section.weightspath), made[0])
    return made


def network_of(model: sections.Model, shape: tuple[int, int, int], classes: int) -> Network:
    """Return the network that the section [MODEL] describes, for images of `shape` (H, W, C).

    Raises
    ------
    HarnessError
        The images are too small for it.
    """
    height, width, channels = shape
    task = {
        "width": model.depth_factor,
        "momentum": model.momentum,
        "image_height": height,
        "image_width": width,
        "image_channels": channels,
        "classes": classes,
    }
    try:
        return _NETWORK.validate_python({**task, **_family(model)})
    except ValidationError as error:
        said = "; ".join(reason(one) for one in error.errors(include_url=False))
        raise HarnessError(f"MODEL.type '{model.type}': {said}") from error


def _family(model: sections.Model) -> dict[str, Any]:
    strides = {"change_stride_layers": model.change_stride_layers}
    if model.type == "MobileNetV2":
        return {"family": "mobilenetv2", **strides}
    if model.type == "DeeplabV3_MobileNetV3Small":
        pool = {"size": model.pool, "strides": model.pool_step}
        given = {key: value for key, value in pool.items() if value is not None}
        return {"family": "deeplabv3", "output_stride": model.output_stride, "pool": given}
    size = model.type.removeprefix("MobileNetV3").lower()
    return {"family": "mobilenetv3", "size": size, **strides}


def windows_of(section: sections.Shunt, model: Any) -> tuple[tuple[Window, ...], list[str]]:
    """Return the windows of `model` that the section [SHUNT] names, and what is to be said of them.

    A pair of layer indices is translated; where it is no window of this model the nearest one is
    taken, and that is said.

    Raises
    ------
    HarnessError
        The model has no such blocks or layers.
    """
    where = section.where
    if not isinstance(where, Layers):
        return where, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pair = (where.first, where.last)
        window = window_of_indices(model, pair, released_layers(model))
    return (window,), [f"SHUNT.locations: {one.message}" for one in caught]


def shunts_of(section: sections.Shunt, count: int) -> tuple[Shunt, ...]:
    """Return the shunts that the section [SHUNT] describes, one for each of `count` windows."""
    given = section.architectures
    each = given * count if len(given) == 1 else given
    return tuple(Shunt(architecture=one, width=section.width) for one in each)


def placed(
    section: sections.Shunt, model: Any, given: Sequence[Any]
) -> tuple[dict[Window, Any], list[str]]:
    """Return the shunts `given` by the windows of [SHUNT], and what is to be said of these.

    Raises
    ------
    HarnessError
        There are more or fewer shunts than windows, or one does not fit its window.
    """
    windows, said = windows_of(section, model)
    if len(given) != len(windows):
        raise HarnessError(
            f"shunt_model: {len(given)} shunts are given for the {len(windows)} windows of "
            f"SHUNT.locations {section.locations}",
            "give one for each window, in their order",
        )
    for window, shunt in zip(windows, given, strict=True):
        check_fit(region(model, window), shunt)
    return dict(zip(windows, given, strict=True)), said
