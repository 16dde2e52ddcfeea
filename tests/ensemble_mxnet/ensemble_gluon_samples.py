"""Small ensembles and blocks for the tests of the MXNet network."""

import numpy as np
from mxnet import autograd, gluon, nd

from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.gluon.ensemble import Ensemble
from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import resolve_all

WIDTHS = (32, 8, 4, 2, 1)
COMPILED = {"static_alloc": True, "static_shape": True}


def ensemble(widths=WIDTHS, seed=0, quantisation=None, **network):
    """Return an ensemble whose private values differ from their first ones."""
    sizes = {"width": 0.125, "image_size": 8, "image_channels": 1}
    asked = quantisation or Quantisation()
    description = describe(Network(**(sizes | network)), rebuilt_input=asked.rebuilt_input)
    members = resolve_all(widths, asked)
    generator = np.random.default_rng(seed)
    values = initial_values(description, widths, members, generator)
    for name in values:
        if name.endswith(("beta", "mean", "gamma", "variance")):
            values[name] = values[name] + generator.uniform(-0.3, 0.3, values[name].shape)
    values = {name: value.astype(np.float32) for name, value in values.items()}
    return Ensemble(description, members, asked, values)


def images(batch=4, size=8, channels=1, seed=1):
    """Return normalised images (B, C, H, W)."""
    generator = np.random.default_rng(seed)
    return nd.array(generator.standard_normal((batch, channels, size, size)), dtype=np.float32)


class Operation(gluon.HybridBlock):
    """A function of `f` and arrays as a block."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def hybrid_forward(self, f, *arrays):
        """Return what the function does."""
        return self.function(f, *arrays)


def passed(function, *arrays):
    """Return the value of `function` and the gradients of its sum to `arrays`, float32."""
    given = [nd.array(array, dtype=np.float32) for array in arrays]
    for one in given:
        one.attach_grad()
    with autograd.record():
        answer = function(*given)
    answer.backward()
    return answer.asnumpy(), *(one.grad.asnumpy() for one in given)


def gradients(network, batch, weights=None):
    """Return the gradients of a weighted sum of the logits of `network`, by canonical name."""
    with autograd.record():
        logits = network(batch)
        loss = (logits * (nd.ones_like(logits) if weights is None else weights)).sum()
    loss.backward()
    return {
        name: parameter.grad().asnumpy()
        for name, parameter in network.collect_params().items()
        if parameter.grad_req != "null"
    }
