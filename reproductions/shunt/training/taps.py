"""Which maps of a network and of its copy with shunts a distillation compares (release)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras

from harness.errors import HarnessError
from reproductions.shunt.losses.maps import compared
from reproductions.shunt.models import logits
from reproductions.shunt.params.distillation import Attention, Distillation, Features
from reproductions.shunt.params.window import Window, check_disjoint
from reproductions.shunt.surgery.graph import Graph, ordered
from reproductions.shunt.surgery.region import region_of
from reproductions.shunt.surgery.replacement import PREFIX


def tapped(
    teacher: keras.Model,
    student: keras.Model,
    shunts: dict[Window, str],
    how: Distillation,
    prefix: str = PREFIX,
) -> tuple[keras.Model, keras.Model]:
    """Return models that give the logits of `teacher` and `student`, and the maps compared.

    Parameters
    ----------
    teacher
        The network as it was.
    student
        Its copy, whose layers are named with `prefix` before, with shunts in windows.
    shunts
        The name of each shunt by its window.
    how
        `attention` compares additions behind the last window, `features` the ends of the windows;
        the others compare no maps.

    Raises
    ------
    HarnessError
        There is no addition behind the last window, or a network lacks a layer that is compared.
    """
    windows = check_disjoint(shunts)
    before, after = Graph.of(teacher), Graph.of(student)
    if isinstance(how, Features):
        seen = [region_of(before, window).exit for window in windows]
        own = [_output(after, shunts[window]) for window in windows]
    elif isinstance(how, Attention):
        names = compared(_additions(before, windows), how.layers)
        seen = [_output(before, name) for name in names]
        own = [_output(after, f"{prefix}{name}") for name in names]
    else:
        return logits(teacher), logits(student)
    return _with(teacher, seen), _with(student, own)


def _with(model: keras.Model, maps: Sequence[Any]) -> keras.Model:
    return keras.Model(model.inputs, [logits(model).output, *maps], name=f"{model.name}_tapped")


def _output(graph: Graph, name: str) -> Any:
    for call in graph.calls:
        if call.name == name:
            return call.outputs[0]
    raise HarnessError(
        f"the distillation compares the layer '{name}', which one of the networks has not",
        "take a final network that was made of the original one",
    )


def _additions(graph: Graph, windows: Iterable[Window]) -> list[str]:
    """Return the names of the additions that come after the last window, in order."""
    end = region_of(graph, max(windows, key=lambda window: window.last)).exit
    inside = {id(tensor) for call in ordered([end], {}) for tensor in call.outputs}
    return [call.name for call in graph.calls if call.adds and id(call.outputs[0]) not in inside]
