"""A graph of ONNX under construction: nodes and constants, named by their order alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 17
IR = 8
PRODUCER = "reproductions.ensemble_kd"


class Graph:
    """Nodes in the order of their making; every value has one name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, value: Any, name: str = "") -> str:
        """Return the name of the constant `value`: `name`, or one after its type and value."""
        array = np.array(value, order="C")
        if not name:
            name = "_".join([str(array.dtype), *map(str, array.ravel().tolist())])
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add an operation of `kind`, and return the name of its one output."""
        output = name or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def scalar(self, kind: str, x: str, value: float, name: str = "") -> str:
        """Add an operation of `kind` on `x` and a float32 number."""
        return self.node(kind, x, self.constant(np.float32(value)), name=name)

    def model(
        self, inputs: tuple[str, tuple[Any, ...]], outputs: tuple[str, tuple[Any, ...]]
    ) -> bytes:
        """Return the checked model, whose bytes depend on what was added alone.

        Parameters
        ----------
        inputs, outputs
            Name and shape of the one input and the one output, float32; a text in a shape is a
            size that may be any.
        """
        ends = [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
            for name, shape in (inputs, outputs)
        ]
        graph = helper.make_graph(
            self.nodes, "member", ends[:1], ends[1:], list(self.constants.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR,
            producer_name=PRODUCER,
        )
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))
