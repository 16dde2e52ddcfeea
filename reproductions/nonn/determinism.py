"""The settings under which torch gives the same bytes on every run."""

from __future__ import annotations

import torch


def settle() -> None:
    """Make torch refuse operations without a fixed order, and use one thread.

    The instruction set is fixed before the process starts, by the environment's variables.
    """
    # The same setting as use_deterministic_algorithms(True), which loads the compiler to tell it.
    torch.set_deterministic_debug_mode("error")
    # Filling new memory would only hide reads of it, which no layer here makes, and takes time.
    # The switch is a property of the module that its types do not know.
    setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010
    torch.set_num_threads(1)
