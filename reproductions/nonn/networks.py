"""The networks as torch modules, built from their descriptions layer by layer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from reproductions.nonn import architecture
from reproductions.nonn.architecture.block import Architecture, Block
from reproductions.nonn.architecture.layer import (
    BatchNorm,
    Conv,
    GlobalAveragePool,
    Layer,
    Linear,
    MaxPool,
    Relu,
)
from reproductions.nonn.params.network import Network


class Residual(nn.Module):
    """A block with a way around it: ``body(x) + shortcut(x)``."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the sum of both ways."""
        total: Tensor = self.body(x) + self.shortcut(x)
        return total


class MeanPool(nn.Module):
    """The mean of each channel: (B, C, H, W) to (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the means."""
        return x.mean(dim=(2, 3))


class Classifier(nn.Module):
    """A backbone, its pooled features and a linear head.

    The features are the teacher's activity: the last map after batch normalisation and ReLU,
    averaged over its pixels (NoNN release).
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.backbone = assemble(architecture.backbone(network))
        self.pool = MeanPool()
        self.head = nn.Linear(architecture.filters(network), network.classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, classes) and features (B, filters) of images (B, C, H, W)."""
        features = self.pool(self.backbone(x))
        return self.head(features), features


def _convolution(layer: Conv) -> nn.Module:
    return nn.Conv2d(
        layer.inputs,
        layer.outputs,
        layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        groups=layer.groups,
        bias=layer.bias,
    )


def _module(layer: Layer) -> nn.Module:
    match layer:
        case Conv():
            return _convolution(layer)
        case BatchNorm():
            return nn.BatchNorm2d(layer.channels)
        case Relu():
            return nn.ReLU(inplace=True)
        case MaxPool():
            return nn.MaxPool2d(layer.size)
        case GlobalAveragePool():
            return MeanPool()
        case Linear():
            return nn.Linear(layer.inputs, layer.outputs)


def _sequence(layers: Iterable[Layer]) -> nn.Sequential:
    return nn.Sequential(*map(_module, layers))


def _block(block: Block) -> nn.Module:
    body = _sequence(block.body)
    return body if block.shortcut is None else Residual(body, _sequence(block.shortcut))


def assemble(description: Architecture) -> nn.Sequential:
    """Build the blocks of `description`, each a child under its name.

    Weights lie channels last, as the images do: convolutions are faster so.
    """
    blocks = ((block.name.replace(".", "_"), _block(block)) for block in description.blocks)
    network = nn.Sequential(OrderedDict(blocks))
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    return network


def parameters(module: nn.Module) -> int:
    """The trainable numbers of `module`, shared ones counted once."""
    return sum(parameter.numel() for parameter in module.parameters())


def initialise(module: nn.Module, seed: int) -> None:
    """Draw the weights of `module` from `seed` alone.

    Weights are uniform, since a uniform draw needs no function whose last bit depends on the
    machine: He's variance for convolutions, a bound of one over the root of the inputs for a
    linear layer. Biases start at zero, batch normalisation as the identity.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                gain = 6 if isinstance(part, nn.Conv2d) else 1
                bound = sqrt(gain / part.weight[0].numel())
                part.weight.uniform_(-bound, bound, generator=generator)
                if part.bias is not None:
                    part.bias.zero_()
