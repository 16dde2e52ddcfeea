"""ONNX Runtime in this process, on one thread."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import onnxruntime

from harness.errors import HarnessError
from harness.formats.arrays import Array

# What the library says by itself goes to nobody; its exceptions say it again.
_FATAL = 4


class OnnxRuntime:
    """One ONNX file, run by ONNX Runtime."""

    def __init__(self) -> None:
        self._session: Any = None
        self._input = ""

    def load(self, model: bytes) -> None:
        """Take the bytes of an ONNX file in place of the model before."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # The exceptions of the library have no base of their own.
            raise HarnessError(
                f"ONNX Runtime cannot load the model ({len(model)} bytes): {error}",
                "export it with this environment's torch",
            ) from error
        self._input = self._session.get_inputs()[0].name

    def run(self, image: Array) -> Array:
        """Return the model's first output for `image`."""
        answer: Array = self._told(self._call(image))[0]
        return answer

    def time(self, image: Array, number: int, repeat: int) -> list[float]:
        """Return the mean seconds of `number` runs, `repeat` times, after one run to warm up."""
        call = self._call(image)
        self._told(call)
        return [_mean_seconds(call, number) for _ in range(repeat)]

    def traffic(self) -> None:
        """There is no line between this process and the model."""

    def close(self) -> None:
        """Let go of the model."""
        self._session = None

    def _call(self, image: Array) -> Callable[[], list[Array]]:
        if self._session is None:
            raise HarnessError("ONNX Runtime has no model yet", "load one first")
        session, inputs = self._session, {self._input: image}
        return lambda: session.run(None, inputs)

    def _told(self, call: Callable[[], list[Array]]) -> list[Array]:
        try:
            return call()
        except Exception as error:
            raise HarnessError(f"ONNX Runtime cannot run the model: {error}") from error


def _mean_seconds(call: Callable[[], object], number: int) -> float:
    start = perf_counter()
    for _ in range(number):
        call()
    return (perf_counter() - start) / number
