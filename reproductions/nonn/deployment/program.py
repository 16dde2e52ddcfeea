"""A module as TVM's program of graphs and operations."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from tvm.relax.frontend.torch import from_exported_program

from harness.errors import HarnessError
from reproductions.nonn.deployment.runtime.tvm import told
from reproductions.quiet import quiet


def traced(module: nn.Module, image: Tensor) -> Any:
    """Return `module` as a Relax program, its weights inside.

    Raises
    ------
    HarnessError
        The module cannot be traced, or does what TVM does not know.
    """
    with quiet(), torch.no_grad():
        try:
            exported = torch.export.export(module.eval(), (image,))
        except Exception as error:
            # Each part of the tracer raises its own.
            raise HarnessError(
                f"the module cannot be traced: {error}",
                "take layers that torch.export can trace",
            ) from error
        return told(
            "read the traced module",
            lambda: from_exported_program(exported, keep_params_as_input=False),
        )
