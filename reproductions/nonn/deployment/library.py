"""A module as a shared library that TVM's virtual machine runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tvm
from torch import Tensor, nn
from tvm import relax
from tvm.relax.backend.cpu_generic import pipeline
from tvm.support import cc

from reproductions.nonn.deployment.runtime.tvm import told
from reproductions.nonn.deployment.schedules import fused, kernels, read, scheduled


@dataclass(frozen=True)
class Library:
    """A compiled module.

    Parameters
    ----------
    content
        The bytes of the shared library.
    tuned
        How many of its distinct kernels have a schedule of the tuning record.
    kernels
        How many distinct kernels it has.
    """

    content: bytes
    tuned: int
    kernels: int


def compile_library(
    module: nn.Module,
    image: Tensor,
    target: Mapping[str, Any],
    tuning: Path | None = None,
    cross: str | None = None,
) -> bytes:
    """Return `module` as the bytes of a shared library; see `build`."""
    return build(module, image, target, tuning, cross).content


def build(
    module: nn.Module,
    image: Tensor,
    target: Mapping[str, Any],
    tuning: Path | None = None,
    cross: str | None = None,
) -> Library:
    """Compile `module` by TVM's Relax and LLVM; the same input gives the same bytes.

    Parameters
    ----------
    module
        Maps images (1, C, H, W) float32 to a tensor, or to several.
    image
        An image as the module will be given them; only its shape counts.
    target
        As `tvm.target.Target` takes it, such as ``{"kind": "llvm", "mcpu": "x86-64-v3"}``.
    tuning
        A tuning record. Kernels that it does not know get TVM's own schedules.
    cross
        The C++ compiler that links for a machine of another kind.

    Raises
    ------
    HarnessError
        The module cannot be traced, TVM cannot compile it, the record is none, or there is no
        compiler to link with.
    """
    made = told(f"compile for {dict(target)}", lambda: tvm.target.Target(dict(target)))
    record = None if tuning is None else read(tuning, target)
    program = fused(module, image, made)
    number, tuned = len(kernels(program)), 0
    if record is not None:
        program, tuned = scheduled(program, record)
    executable = told("compile the module", lambda: _executable(program, made))
    return Library(_linked(executable, cross), tuned, number)


def _executable(program: Any, target: Any) -> Any:
    passes = [*pipeline.dataflow_lower_passes(target), *pipeline.finalize_passes(target)]
    with target:
        return relax.build(program, target=target, relax_pipeline=tvm.transform.Sequential(passes))


def _linked(executable: Any, cross: str | None) -> bytes:
    linker = cc.cross_compiler(cross) if cross is not None else None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.so"
        told(
            f"link the library with {cross or 'the C++ compiler of this machine'}",
            lambda: executable.export_library(str(path), fcompile=linker),
        )
        return path.read_bytes()
