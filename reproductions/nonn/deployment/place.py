"""Where the nodes of a system run: which runtime, on whose processors, and compiled for what."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn

from harness.errors import HarnessError
from harness.spec.device import Device, LocalProcess, TvmRpc

RuntimeName = Literal["onnxruntime", "tvm", "tvm_rpc"]

PLAIN: Mapping[str, Any] = {"kind": "llvm", "mcpu": "x86-64-v3"}
"""What every machine of the project can run, where a device names no target."""


@dataclass(frozen=True)
class Model:
    """What a node's runtime loads.

    Parameters
    ----------
    content
        Its bytes.
    tuned, kernels
        How many of TVM's kernels have a schedule of the tuning record, and how many there are.
    """

    content: bytes
    tuned: int = 0
    kernels: int = 0


@dataclass(frozen=True)
class Place:
    """Where nodes run.

    Parameters
    ----------
    runtime
        `onnxruntime` or `tvm` in a worker process each; `tvm_rpc`: on a TVM RPC server each.
    target
        What TVM compiles for, as `tvm.target.Target` takes it.
    servers
        Addresses of RPC servers that run already; None where the harness starts them here.
    tuning
        A tuning record of TVM.
    pinned
        Whether each node's process gets a core of its own, as far as there are cores.
    """

    runtime: RuntimeName
    target: Mapping[str, Any] = field(default_factory=lambda: dict(PLAIN))
    servers: tuple[tuple[str, int], ...] | None = None
    tuning: Path | None = None
    pinned: bool = True

    def built(self, module: nn.Module, image: Tensor) -> Model:
        """Return `module` as this place runs it: an ONNX model, or TVM's shared library.

        Raises
        ------
        HarnessError
            It cannot be compiled; or the cross compiler for the target is not there.
        """
        if self.runtime == "onnxruntime":
            from reproductions.nonn.deployment.export import onnx_bytes

            return Model(onnx_bytes(module, image))
        from reproductions.nonn.deployment.library import build

        made = build(module, image, self.target, self.tuning, cross_compiler(self.target))
        return Model(made.content, made.tuned, made.kernels)


def place_of(device: Device | None, stage: str, nodes: int) -> Place:
    """Return where the device of a measuring stage runs up to `nodes` nodes.

    Raises
    ------
    HarnessError
        The stage has no device, or one that has no nodes, or too few.
    """
    match device:
        case LocalProcess():
            target = dict(PLAIN) if device.target is None else device.target.as_tvm()
            return Place(device.runtime, target, None, _path(device.tuning), device.pinned)
        case TvmRpc():
            listed = device.of_nodes(nodes)
            servers = None if listed is None else tuple((one.address, one.port) for one in listed)
            target = device.target.as_tvm()
            return Place("tvm_rpc", target, servers, _path(device.tuning), device.pinned)
    kind = "none" if device is None else f"'{device.device}' of kind '{device.kind}'"
    raise HarnessError(
        f"stage '{stage}' deploys on nodes, and its device is {kind}",
        "give it a device of kind 'local_process' or 'tvm_rpc'",
    )


def cross_compiler(target: Mapping[str, Any]) -> str | None:
    """Return the C++ compiler that links for `target`; None where it is this machine's kind.

    Raises
    ------
    HarnessError
        The target is another kind of machine, and there is no compiler for it.
    """
    triple = target.get("mtriple")
    if triple is None or triple.partition("-")[0] == platform.machine():
        return None
    compiler = f"{triple}-g++"
    if shutil.which(compiler) is None:
        raise HarnessError(
            f"there is no {compiler} to link a library for {triple}",
            f"install it; on Debian it is the package g++-{triple}",
        )
    return compiler


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)
