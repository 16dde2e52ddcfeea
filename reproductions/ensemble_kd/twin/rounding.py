"""Numbers rounded as MXNet and NumPy round them, where PyTorch does otherwise."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def round_half_away(x: Tensor) -> Tensor:
    """Round to the nearest whole number, a half away from zero; without a gradient."""
    whole = torch.trunc(x)
    # The difference is exact, as adding a half before cutting would not be.
    return whole + torch.sign(x) * ((x - whole).abs() >= 0.5)


def straight_through(forward: Tensor, gradient: Tensor) -> Tensor:
    """Return exactly `forward`, with the gradient of `gradient`, where that is finite."""
    return forward.detach() + (gradient - gradient.detach())


def root(x: Tensor) -> Tensor:
    """Return square roots as IEEE 754 rounds them: on a CPU torch has MKL's, which are not.

    On a CPU they have no gradient.
    """
    if x.device.type == "cpu":
        return torch.from_numpy(np.sqrt(x.detach().numpy()))
    return x.sqrt()
