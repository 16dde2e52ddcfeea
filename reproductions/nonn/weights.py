"""A module's weights as NumPy arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.formats.arrays import Array

_COUNTER = "num_batches_tracked"  # batch normalisation with a fixed momentum never reads it


def tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and running statistics of `module` by name; they share its memory."""
    state = module.state_dict()
    return {name: value for name, value in state.items() if not name.endswith(_COUNTER)}


def snapshot(module: nn.Module) -> dict[str, Array]:
    """Return a copy of what `tensors` names."""
    return {name: value.cpu().numpy().copy() for name, value in tensors(module).items()}


def restore(module: nn.Module, weights: Mapping[str, Array], source: str) -> None:
    """Copy `weights` into `module`; `source` names them when they do not fit.

    Raises
    ------
    HarnessError
        A name or a shape differs from the module's.
    """
    own = tensors(module)
    strange = sorted(own.keys() ^ weights.keys())
    strange += [
        name for name in own.keys() & weights.keys() if own[name].shape != weights[name].shape
    ]
    if strange:
        raise HarnessError(
            f"the weights in {source} are not of this network: '{strange[0]}' and "
            f"{len(strange) - 1} more are missing, left over or of another shape",
            "give this stage the same network as the stage that trained the weights",
        )
    for name, tensor in own.items():
        tensor.copy_(torch.from_numpy(weights[name].copy()))
