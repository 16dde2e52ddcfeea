"""A module as an ONNX file."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from reproductions.quiet import quiet


def onnx_bytes(module: nn.Module, image: Tensor) -> bytes:
    """Return `module` as the bytes of one ONNX file, its weights inside.

    Parameters
    ----------
    module
        Maps images (1, C, H, W) float32 to a tensor, or to several.
    image
        An image as the module will be given them; only its shape counts.

    Raises
    ------
    HarnessError
        The module does what ONNX cannot say.
    """
    with quiet() as said:
        try:
            with torch.no_grad():
                program = torch.onnx.export(module.eval(), (image,), dynamo=True, verbose=False)
        except Exception as error:
            # Each part of the exporter raises its own.
            raise HarnessError(
                f"the module cannot be exported to ONNX: {error}\n{said.getvalue()[-1000:]}",
                "take layers that torch.export can trace",
            ) from error
    content: bytes = program.model_proto.SerializeToString(deterministic=True)
    return content
