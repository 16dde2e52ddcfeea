"""The settings under which MXNet gives the same bytes on every run."""

from __future__ import annotations

import ctypes

import mxnet as mx
from mxnet.base import _LIB, check_call


def settle(seed: int | None = None) -> None:
    """Make MXNet use one thread for each operation, and seed its own randomness.

    The instruction set is fixed before the process starts, by the environment's variables. Nothing
    here draws with MXNet: first values, orders and changes of images are drawn in NumPy.
    """
    check_call(_LIB.MXSetNumOMPThreads(ctypes.c_int(1)))
    if seed is not None:
        mx.random.seed(seed)
