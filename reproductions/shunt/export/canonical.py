"""One form for all flatbuffers that say the same.

TensorFlow's converter orders constants by the names of operations. Keras numbers those through the
life of a process, so that what was made before would change the bytes; and it adds a hash of its
own. Here nothing has a name, everything stands in the order in which it is first used, and only
the version of LiteRT that is needed is told besides. (Schema: LiteRT, `schema.fbs`.)
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert.tools import flatbuffer_utils

_KEPT = (b"min_runtime_version",)


def canonical(content: bytes) -> bytes:
    """Return the flatbuffer `content` without names, and in the order of use.

    What it computes is unchanged. The result is a fixed point: its own canonical form is itself.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    flatbuffer_utils.strip_strings(model)
    model.metadata = [one for one in model.metadata or () if one.name in _KEPT]
    model.metadataBuffer = None
    for graph in model.subgraphs:
        _order_tensors(graph)
    _order_codes(model)
    _order_buffers(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _order_tensors(graph: Any) -> None:
    """Number tensors as they are first read or written; those that nobody uses fall away."""
    places: dict[int, int] = {}

    def placed(tensors: Any) -> list[int]:
        # -1 stands for an optional tensor that is not given.
        return [places.setdefault(int(one), len(places)) if one >= 0 else -1 for one in tensors]

    graph.inputs = placed(graph.inputs)
    for operator in graph.operators:
        operator.inputs = placed(operator.inputs)
        operator.outputs = placed(operator.outputs)
        if operator.intermediates is not None:
            operator.intermediates = placed(operator.intermediates)
    graph.outputs = placed(graph.outputs)
    graph.tensors = [graph.tensors[old] for old in places]


def _order_codes(model: Any) -> None:
    """Number the kinds of operations as they first occur."""
    places: dict[int, int] = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            operator.opcodeIndex = places.setdefault(operator.opcodeIndex, len(places))
    model.operatorCodes = [model.operatorCodes[old] for old in places]


def _order_buffers(model: Any) -> None:
    """Number buffers by the first tensor that has one; 0 is the empty one, by the schema."""
    places = {0: 0}
    holders = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    for holder in [*holders, *model.metadata]:
        empty = model.buffers[holder.buffer].data is None
        holder.buffer = 0 if empty else places.setdefault(holder.buffer, len(places))
    model.buffers = [model.buffers[old] for old in places]
