"""The layers of one member; maps are (B, C, H, W)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as f
from torch import Tensor

from reproductions.ensemble_kd.architecture.description import Convolution, Normalisation
from reproductions.ensemble_kd.architecture.layer import MOMENTUM, Block, Stem
from reproductions.ensemble_kd.params.network import AddedActivation
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import Member
from reproductions.ensemble_kd.twin.quantisers import (
    Coded,
    cancel_gradient,
    quantise_activations,
    quantise_weights,
)
from reproductions.ensemble_kd.twin.rounding import root

_EACH = (1, -1, 1, 1)


@dataclass(frozen=True, eq=False)
class Layers:
    """What the layers of one member calculate with.

    Parameters
    ----------
    values
        The shared values and the member's own, the latter without its prefix.
    places
        The `weight_places` of the quantised weights, by name; empty where no member needs them.
    training
        Normalise by the statistics of the batch, and let the running ones follow.
    """

    values: Mapping[str, Tensor]
    places: Mapping[str, Tensor]
    member: Member
    asked: Quantisation
    training: bool

    def normalise(self, x: Tensor, layer: Normalisation) -> Tensor:
        """Normalise `x` over the batch, or by the running statistics.

        As in MXNet the running variance follows the biased one of the batch; and predictions are
        rounded alike, which where a mean is large is also more exact than torch's own.
        """
        gamma, beta = self.values.get(f"{layer.name}.gamma"), self.values[f"{layer.name}.beta"]
        mean, variance = (self.values[name] for name in layer.statistics)
        if not self.training:
            deviation = root(variance + layer.epsilon)
            scale = (1 if gamma is None else gamma) / deviation
            return (x - mean.view(_EACH)) * scale.view(_EACH) + beta.view(_EACH)
        if torch.is_grad_enabled():  # MXNet lets them follow when gradients are computed
            with torch.no_grad():
                found_variance, found_mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
                mean.mul_(MOMENTUM).add_(found_mean * (1 - MOMENTUM))
                variance.mul_(MOMENTUM).add_(found_variance * (1 - MOMENTUM))
        return f.batch_norm(x, None, None, gamma, beta, training=True, eps=layer.epsilon)

    def stem(self, x: Tensor, layers: Stem) -> Tensor:
        """Return the first map of normalised images."""
        for layer, normalisation in layers.layers:
            x = self.convolve(x, layer)
            if normalisation is not None:
                x = torch.relu(self.normalise(x, normalisation))
        return f.max_pool2d(x, 3, 2, 1) if layers.pooled else x

    def block(self, x: Tensor, layer: Block, added: AddedActivation) -> tuple[Tensor, list[Tensor]]:
        """Return the block's map and what its quantised convolutions gave, in their order."""
        body = self.quantised(x, layer.convolution)
        maps, around = [body], x
        if layer.shortcut is not None:
            if layer.shortcut.pool:
                # A map of odd size ends in windows of what is there.
                around = f.avg_pool2d(x, 2, 2, ceil_mode=True, count_include_pad=False)
            convolution = layer.shortcut.convolution
            if convolution.quantised:
                around = self.quantised(around, convolution)
                maps.append(around)
            else:
                around = self.convolve(around, convolution)
            around = self.normalise(around, layer.shortcut.normalisation)
        together = self.normalise(body, layer.normalisation) + around
        return self._activated(together, layer, added), maps

    def convolve(self, x: Tensor, layer: Convolution) -> Tensor:
        """Convolve in full precision."""
        weight = self.values[layer.weight]
        return f.conv2d(x, weight, None, layer.stride, layer.padding, groups=layer.groups)

    def quantised(self, x: Tensor, layer: Convolution) -> Tensor:
        """Quantise map and weights, convolve, and bring the sums of codes to their scale.

        With weights of one bit the sum h of n products becomes (h + n) / 2, or is scaled by the
        mean magnitudes of what was quantised.
        """
        member = self.member
        passed = x if member.cancel is None else cancel_gradient(x, member.cancel)
        alpha = self.values.get(layer.alpha)
        inputs = quantise_activations(passed, member.activations, member.activation_bits, alpha)
        weights = self.values[layer.weight], self.places.get(layer.weight)
        coded = quantise_weights(*weights, member)
        codes, padding = self._surrounded(inputs, layer.padding)
        sums = f.conv2d(codes, coded.codes, None, layer.stride, padding, groups=layer.groups)
        levels = inputs.levels * coded.levels
        sums = sums if levels == 1 else sums / levels
        if not member.offset:
            return sums
        if self.asked.scaling != "none":
            return self._scaled(sums, x, layer)
        return (sums + layer.fan_in) / 2

    def _surrounded(self, inputs: Coded, padding: int) -> tuple[Tensor, int]:
        """Return the codes, and how many pixels of zeros the convolution has yet to put around."""
        if not padding or self.asked.padding == "zero":
            return inputs.codes, padding
        return f.pad(inputs.codes, (padding,) * 4, value=-inputs.levels), 0

    def _scaled(self, sums: Tensor, x: Tensor, layer: Convolution) -> Tensor:
        """Scale sums of signs by mean |w| of each output; for `xnor` also by the mean |x| around.

        Only binet's scale has a gradient.
        """
        scale = self.values[layer.weight].abs().mean((1, 2, 3)).view(_EACH)
        if self.asked.scaling == "binet":
            return sums * scale
        magnitude = x.detach().abs().mean(1, keepdim=True)
        around = f.avg_pool2d(magnitude, layer.kernel, layer.stride, layer.padding)
        return sums * scale.detach() * around

    def _activated(self, x: Tensor, layer: Block, added: AddedActivation) -> Tensor:
        if added == "prelu":
            return f.prelu(x, self.values[layer.slope])
        if added == "relu":
            return torch.relu(x)
        return f.elu(x) if added == "elu" else x
