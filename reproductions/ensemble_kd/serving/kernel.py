"""The compiled kernel, where there is one: which instructions it may use, and its call.

The library `_kernel` is built from `kernel.c` when the project is installed, where there is a
compiler. It is no extension module: it has plain functions, and `ctypes` calls them.
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array

CHOICE = "ENSEMBLE_KERNEL"
"""The variable that chooses a backend; left out, the fastest that this machine has."""
NUMPY = "numpy"
COMPILED = ("c/portable", "c/avx2", "c/avx512-vpopcntdq")
"""The compiled backends, by level."""
FLOATS = COMPILED[2:]
"""Those that convolve numbers in full precision too; with the others a BLAS is faster."""

_FIELDS = (
    "batch", "height", "width", "channels", "out_channels", "kernel", "stride", "padding",
    "out_height", "out_width", "layout", "activation_bits", "weight_bits", "sign", "differing",
    "multiply", "sums_multiply", "border",
)  # fmt: skip


class Job(ctypes.Structure):
    """One convolution, as kernel.c has it."""

    _fields_ = [(name, ctypes.c_int64) for name in _FIELDS]


class Channels(ctypes.Structure):
    """What belongs to the output channels, as kernel.c has it."""

    _fields_ = [
        (name, ctypes.c_void_p) for name in ("weights", "constant", "taps", "scale", "shift")
    ]


class Result(ctypes.Structure):
    """Where results go, as kernel.c has it."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("integers", "numbers", "added")]


CONTRACT = 1
"""Of the library that this module can call; an older one, not built anew, is left alone."""
POSITION_BYTES = 24
"""Of one `Position` of kernel.c."""


@lru_cache(maxsize=1)
def library() -> Any:
    """Return the compiled library; None where it was not built or cannot be loaded."""
    for path in sorted(Path(__file__).parent.glob("_kernel*.so")):
        try:
            found = ctypes.CDLL(str(path))
            entry = found.ensemble_convolve
            level = found.ensemble_level
            if found.ensemble_contract() != CONTRACT:
                continue
        except (OSError, AttributeError):
            continue  # built for another machine
        level.restype, level.argtypes = ctypes.c_int, []
        entry.restype = None
        entry.argtypes = [
            ctypes.c_int, ctypes.POINTER(Job), *[ctypes.c_void_p] * 4,
            ctypes.POINTER(Channels), ctypes.POINTER(Result),
        ]  # fmt: skip
        _declare_floats(found)
        return found
    return None


def _declare_floats(found: Any) -> None:
    floats = getattr(found, "ensemble_convolve_floats", None)  # only where FLOATS can be
    if floats is not None:
        floats.restype = None
        floats.argtypes = [
            ctypes.POINTER(Job), ctypes.c_void_p, ctypes.POINTER(Channels), ctypes.POINTER(Result),
        ]  # fmt: skip


def backends() -> tuple[str, ...]:
    """Return the backends that this machine has, the fastest last."""
    found = library()
    return (NUMPY,) if found is None else (NUMPY, *COMPILED[: found.ensemble_level() + 1])


def choose(backend: str | None = None) -> str:
    """Return `backend`, else the one that the environment names, else the fastest.

    Raises
    ------
    HarnessError
        This machine does not have it.
    """
    asked = backend or os.environ.get(CHOICE)
    possible = backends()
    if not asked:
        return possible[-1]
    if asked not in possible:
        raise HarnessError(
            f"there is no backend '{asked}' here; there are {', '.join(possible)}",
            f"name one of them, or none, under {CHOICE}; the compiled ones need a C compiler "
            "when the project is installed",
        )
    return asked


def filled(values: Array, lanes: int) -> Array:
    """Return float32 `values`, filled up with zeros to `lanes`."""
    longer = np.zeros(lanes, np.float32)
    longer[: len(values)] = values
    return longer


def level(backend: str) -> int:
    """Return the number by which kernel.c knows a compiled backend."""
    return COMPILED.index(backend)
