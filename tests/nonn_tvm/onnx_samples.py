"""Small ONNX models: a layer, one that says what is not finite, and one that never ends."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

SHAPE = (1, 3, 4, 4)
OUTPUTS = 5


def weights(seed):
    """Return the weights of a layer from an image to five numbers."""
    return np.random.default_rng(seed).standard_normal((48, OUTPUTS)).astype(np.float32)


def layer(seed):
    """Return the model that flattens an image and multiplies it by `weights(seed)`."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["answer"]),
    ]
    return _model(nodes, [numpy_helper.from_array(weights(seed), "weights")])


def logarithm():
    """Return the model whose answer to negative numbers is not finite."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["sums"]),
        helper.make_node("Log", ["sums"], ["answer"]),
    ]
    ones = np.ones((48, OUTPUTS), np.float32)
    return _model(nodes, [numpy_helper.from_array(ones, "weights")])


def endless():
    """Return the model that goes round a loop for years."""
    going = [
        helper.make_tensor_value_info("turn", TensorProto.INT64, []),
        helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        helper.make_tensor_value_info("now", TensorProto.FLOAT, None),
    ]
    gone = [
        helper.make_tensor_value_info("on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("then", TensorProto.FLOAT, None),
    ]
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("Neg", ["now"], ["then"]),
        ],
        "body",
        going,
        gone,
    )
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["sums"]),
        helper.make_node("Loop", ["turns", "true", "sums"], ["answer"], body=body),
    ]
    constants = [
        numpy_helper.from_array(weights(0), "weights"),
        numpy_helper.from_array(np.array(2**62), "turns"),
        numpy_helper.from_array(np.array(True), "true"),
    ]
    return _model(nodes, constants)


def _model(nodes, constants):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, SHAPE)
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, (1, OUTPUTS))
    graph = helper.make_graph(nodes, "sample", [image], [answer], constants)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()
