"""The settings under which PyTorch gives the same bytes on every run."""

from __future__ import annotations

import torch


def settle() -> None:
    """Make torch refuse operations without a fixed order, and use one thread and whole floats.

    The instruction set is fixed before the process starts, by the environment's variables.
    """
    # On a GPU convolutions and products would else drop thirteen of the 23 bits.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    # The same setting as use_deterministic_algorithms(True), which loads the compiler to tell it.
    torch.set_deterministic_debug_mode("error")
    torch.set_num_threads(1)
