"""The networks as Keras models, built from their descriptions."""

from __future__ import annotations

import keras

from reproductions.shunt.architecture import describe
from reproductions.shunt.architecture.block import IMAGE
from reproductions.shunt.models import activations
from reproductions.shunt.models.layers import DECAY, Maker
from reproductions.shunt.params.network import MobileNetV3, Network

__all__ = ["build", "logits", "released_layers"]

_LEAST = 1e-7
"""Below this a probability counts as this, before its logarithm (Keras's own epsilon)."""


def build(network: Network, seed: int, decay: float = DECAY) -> keras.Model:
    """Build `network` with initial weights from `seed` alone.

    Parameters
    ----------
    network
        Which; with a head its output is the layer ``softmax``, (B, classes) or (B, H, W, classes).
    seed
        Each layer draws from a seed of its own, made of this one and the layer's name.
    decay
        Factor of the L2 terms of kernels and biases.
    """
    description = describe(network)
    image = keras.Input(description.image, name=IMAGE)
    made = Maker(seed, decay, momentum=network.momentum).assemble(description.uses, {IMAGE: image})
    return keras.Model(image, made[description.uses[-1].name], name=_name(network))


def _name(network: Network) -> str:
    size = network.size if isinstance(network, MobileNetV3) else ""
    return f"{network.family}{size}"


def logits(model: keras.Model) -> keras.Model:
    """Return a model of the same layers that gives the values before the softmax.

    Where the softmax is no layer of its own, they are the logarithms of the probabilities, none
    of which counts less than 1e-7.
    """
    if _is_softmax(model.layers[-1]):
        return keras.Model(model.input, model.layers[-1].input, name=f"{model.name}_logits")
    clipped = keras.ops.clip(model.output, _LEAST, 1.0)
    return keras.Model(model.input, keras.ops.log(clipped), name=f"{model.name}_logits")


def _is_softmax(layer: keras.Layer) -> bool:
    if isinstance(layer, keras.layers.Softmax):
        return True
    softmax = (activations.softmax, keras.activations.softmax)
    return isinstance(layer, keras.layers.Activation) and layer.activation in softmax


def released_layers(model: keras.Model) -> tuple[str, ...]:
    """Return the names of the layers of `model` in the order in which the release counts them.

    The published pairs of layer indices count in it, the input first. It is Keras's own order,
    from the longest way to the output to the shortest, which has not changed since.
    """
    return tuple(layer.name for layer in model.layers)
