"""What a worker runs its model with: ONNX Runtime, TVM here, or TVM on another device."""

from __future__ import annotations

from typing import Protocol

from harness.errors import HarnessError
from harness.formats.arrays import Array

RUNTIMES = ("onnxruntime", "tvm", "tvm_rpc")


class Runtime(Protocol):
    """One model on one device, on one thread. What goes wrong is a `HarnessError` in words."""

    def load(self, model: bytes) -> None:
        """Take a model, an ONNX file or a library of TVM, in place of the one before."""

    def run(self, image: Array) -> Array:
        """Return what the model answers to `image`, (1, C, H, W) float32, with its first axis."""

    def time(self, image: Array, number: int, repeat: int) -> list[float]:
        """Return the seconds of one run, `repeat` times, each the mean of `number` runs."""

    def traffic(self) -> tuple[int, int] | None:
        """Return the bytes sent to the device and received from it; None when it is here."""

    def close(self) -> None:
        """Let go of the model and of the device."""


def open_runtime(name: str, server: tuple[str, int] | None = None) -> Runtime:
    """Return the runtime `name`, one of `RUNTIMES`; its framework is imported here, not before.

    Parameters
    ----------
    server
        Address and port of the TVM RPC server, of ``tvm_rpc`` alone.

    Raises
    ------
    HarnessError
        There is no such runtime, its framework is not in this environment, or the server is
        missing or cannot be reached.
    """
    if name not in RUNTIMES:
        raise HarnessError(f"no runtime '{name}'", f"take one of {', '.join(RUNTIMES)}")
    if (server is not None) != (name == "tvm_rpc"):
        raise HarnessError(
            f"runtime '{name}' {'runs in the worker' if server else 'needs a server'}",
            "name a server for tvm_rpc, and for no other runtime",
        )
    try:
        return _open(name, server)
    except ModuleNotFoundError as error:
        raise HarnessError(
            f"runtime '{name}' needs the module {error.name}, which this environment has not",
            "run the worker in the environment tvm: `harness env tvm` builds it",
        ) from error


def _open(name: str, server: tuple[str, int] | None) -> Runtime:
    if server is not None:
        from reproductions.nonn.deployment.runtime.rpc import RpcRuntime

        return RpcRuntime(*server)
    if name == "tvm":
        from reproductions.nonn.deployment.runtime.tvm import TvmRuntime

        return TvmRuntime()
    from reproductions.nonn.deployment.runtime.onnx import OnnxRuntime

    return OnnxRuntime()
