"""TVM's virtual machine in this process, on one thread."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

# Read by TVM when its first function runs. Which core that is, is settled outside.
os.environ["TVM_NUM_THREADS"] = "1"
os.environ["TVM_BIND_THREADS"] = "0"

import tvm
from tvm import relax

from harness.errors import HarnessError
from harness.formats.arrays import Array

ENTRY = "main"
"""The function of a library that maps an image to a node's answer."""

_Made = TypeVar("_Made")


class TvmRuntime:
    """One library of `library.compile_library`, run in this process."""

    def __init__(self) -> None:
        self._machine: Any = None

    def load(self, model: bytes) -> None:
        """Take the bytes of a library in place of the model before."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.so"
            path.write_bytes(model)
            doing = f"load the library ({len(model)} bytes)"
            self._machine = told(doing, lambda: _machine(path))

    def run(self, image: Array) -> Array:
        """Return the library's first output for `image`."""
        given = tvm.runtime.tensor(np.ascontiguousarray(image))
        return told("run the library", lambda: _first(self._loaded(), given))

    def time(self, image: Array, number: int, repeat: int) -> list[float]:
        """Return the mean seconds of `number` runs, `repeat` times, by TVM's evaluator."""
        given = tvm.runtime.tensor(np.ascontiguousarray(image))
        evaluate = self._loaded().time_evaluator(ENTRY, tvm.cpu(), number=number, repeat=repeat)
        return list(told("time the library", lambda: evaluate(given)).results)

    def traffic(self) -> None:
        """There is no line between this process and the model."""

    def close(self) -> None:
        """Let go of the model."""
        self._machine = None

    def _loaded(self) -> Any:
        if self._machine is None:
            raise HarnessError("TVM has no model yet", "load one first")
        return self._machine


def _machine(path: Path) -> Any:
    library = tvm.runtime.load_module(str(path))
    return relax.VirtualMachine(library, tvm.cpu())


def _first(machine: Any, given: Any) -> Array:
    answer: Array = machine[ENTRY](given)[0].numpy()
    return answer


def told(doing: str, call: Callable[[], _Made]) -> _Made:
    """Return what `call` gives; what TVM raises becomes a `HarnessError` in its words."""
    try:
        return call()
    except HarnessError:
        raise
    except Exception as error:
        # TVM raises what its C++ half names: RuntimeError, ValueError, AttributeError, its own.
        raise HarnessError(f"TVM cannot {doing}: {words(error)}") from error


def words(error: Exception) -> str:
    """Return what an exception of TVM says, on one line and without C++ traces."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(said)[-500:] or type(error).__name__
