"""Keras layers from their descriptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from harness.stage.run import derive_seed
from reproductions.shunt.architecture.block import Use
from reproductions.shunt.architecture.layer import (
    Activation,
    Add,
    AsMap,
    AveragePool,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    Multiply,
    Resize,
    ZeroPad,
)
from reproductions.shunt.models import activations
from reproductions.shunt.models.initialisers import Drawn, Glorot
from reproductions.shunt.models.resize import AlignedResize
from reproductions.shunt.normalisation import BatchNormalisation

Normalisation = BatchNormalisation
"""The class of every batch normalisation, of networks and of shunts."""

DECAY = 4e-5
"""L2 of the kernels and biases of convolutions and dense layers; depthwise kernels have none."""
EPSILON, MOMENTUM = 1e-3, 0.999


@dataclass(frozen=True)
class Maker:
    """Makes layers whose initial weights depend on `seed` and on their names alone.

    Parameters
    ----------
    seed
        Of the whole network.
    decay
        Factor of the L2 terms; 0 for none.
    kernels
        What draws the kernels of convolutions that are not depthwise.
    momentum
        Of the moving averages of batch normalisation.
    """

    seed: int
    decay: float = DECAY
    kernels: type[Drawn] = Glorot
    momentum: float = MOMENTUM

    def layer(self, use: Use) -> keras.Layer:
        """Return the Keras layer of `use`, under its name."""
        match use.layer:
            case Conv() as conv:
                return self._convolution(use.name, conv)
            case Depthwise() as depthwise:
                return self._depthwise(use.name, depthwise)
            case Dense() as dense:
                return keras.layers.Dense(
                    dense.outputs,
                    kernel_initializer=Glorot(self._seed(use.name)),
                    kernel_regularizer=self._penalty(),
                    bias_regularizer=self._penalty(),
                    name=use.name,
                )
            case Dropout() as dropout:
                seed = self._seed(use.name)
                return keras.layers.Dropout(dropout.rate, seed=seed, name=use.name)
            case BatchNorm():
                return Normalisation(epsilon=EPSILON, momentum=self.momentum, name=use.name)
            case layer:
                return _weightless(use, layer)

    def assemble(self, uses: Iterable[Use], tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Call the layers of `uses` one after the other, and return `tensors` with all they give.

        `tensors` are symbolic tensors under the names by which `uses` read them.
        """
        made = dict(tensors)
        for use in uses:
            read = [made[source] for source in use.sources]
            made[use.name] = self.layer(use)(read[0] if len(read) == 1 else read)
        return made

    def _seed(self, name: str) -> int:
        return derive_seed(self.seed, name)

    def _penalty(self) -> keras.Regularizer | None:
        return keras.regularizers.L2(self.decay) if self.decay else None

    def _convolution(self, name: str, conv: Conv) -> keras.Layer:
        return keras.layers.Conv2D(
            conv.outputs,
            conv.kernel,
            strides=conv.stride,
            dilation_rate=conv.dilation,
            padding=conv.padding,
            use_bias=conv.bias,
            kernel_initializer=self.kernels(self._seed(name)),
            kernel_regularizer=self._penalty(),
            bias_regularizer=self._penalty() if conv.bias else None,
            name=name,
        )

    def _depthwise(self, name: str, depthwise: Depthwise) -> keras.Layer:
        return keras.layers.DepthwiseConv2D(
            depthwise.kernel,
            strides=depthwise.stride,
            dilation_rate=depthwise.dilation,
            padding=depthwise.padding,
            use_bias=False,
            depthwise_initializer=Glorot(self._seed(name)),
            name=name,
        )


_PLAIN: dict[type[Layer], Any] = {
    GlobalAveragePool: keras.layers.GlobalAveragePooling2D,
    Flatten: keras.layers.Flatten,
    Add: keras.layers.Add,
    Multiply: keras.layers.Multiply,
}
"""Layers that are told nothing but their name."""


def _weightless(use: Use, layer: Layer) -> keras.Layer:
    """Return a layer without weights."""
    name = use.name
    match layer:
        case Activation():
            made = keras.layers.Activation(getattr(activations, layer.function), name=name)
        case ZeroPad():
            zeros = ((layer.top, layer.bottom), (layer.left, layer.right))
            made = keras.layers.ZeroPadding2D(zeros, name=name)
        case AveragePool():
            made = keras.layers.AveragePooling2D(layer.size, layer.strides, name=name)
        case AsMap():
            made = keras.layers.Reshape(use.output, name=name)
        case Resize():
            made = AlignedResize(layer.height, layer.width, name=name)
        case _:
            made = _PLAIN[type(layer)](name=name)
    return made
