"""What a node computes and sends: features or a share of the class scores, float32 or int8.

The last layer is linear, so a student can apply its own columns of it: ``W_k v_k`` has as many
numbers as there are classes, whatever the number of features, and the scores are the same up to
the order of the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.nonn.deployment.head import Form
from reproductions.nonn.images import Split
from reproductions.nonn.students import System

Precision = Literal["float32", "int8"]

LARGEST = 127  # of an int8, the same both ways


class Share(nn.Module):
    """A student's part of the last layer, without the bias: (B, C_k) to (B, K)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().clone())

    def forward(self, features: Tensor) -> Tensor:
        """Return the share of the class scores."""
        return functional.linear(features, self.weight)


class Quantise(nn.Module):
    """Whole numbers of one byte: the nearest multiple of each channel's scale, at most 127."""

    def __init__(self, scale: Array) -> None:
        super().__init__()
        self.register_buffer("scale", torch.from_numpy(np.array(scale, np.float32)))

    def forward(self, values: Tensor) -> Tensor:
        """Map (B, C) float32 to int8."""
        steps = torch.round(values / self.scale)
        return torch.clamp(steps, -LARGEST, LARGEST).to(torch.int8)


def senders(
    system: System,
    form: Form,
    precision: Precision = "float32",
    scales: Sequence[Array] | None = None,
) -> list[nn.Module]:
    """Return for each node what maps images (B, C, H, W) to what it sends, in evaluation mode.

    They share the memory of the students, and have a copy of their part of the last layer.

    Parameters
    ----------
    form
        `features`: (B, C_k); `logits`: (B, K).
    scales
        For int8: the scale of each channel of each student, as `calibrate` finds it.

    Raises
    ------
    HarnessError
        int8 without scales.
    """
    parts = torch.split(system.head.weight, list(system.sizes), dim=1)
    made = []
    for place, (node, part) in enumerate(zip(system.nodes(), parts, strict=True)):
        stages = [node, Share(part)] if form == "logits" else [node]
        if precision == "int8":
            if scales is None:
                raise HarnessError(
                    "numbers of one byte need scales, and none are given",
                    "calibrate the students on validation images first",
                )
            stages.append(Quantise(scales[place]))
        made.append(nn.Sequential(*stages).eval())
    return made


def calibrate(system: System, split: Split, form: Form, batch_size: int = 128) -> list[Array]:
    """Return the scale of each channel of each student: (C_k,) or (K,) float32.

    It is the largest magnitude on `split` over 127; a channel that is always zero gets one. A
    larger value in use is cut off.
    """
    scales: list[Array] = []
    for sender in senders(system, form):
        with torch.no_grad():
            peaks = [
                sender(batch.images).abs().amax(0).cpu().numpy()
                for batch in split.batches(batch_size)
            ]
        scale = np.maximum.reduce(peaks) / np.float32(LARGEST)
        scales.append(np.where(scale > 0, scale, np.float32(1)))
    return scales
