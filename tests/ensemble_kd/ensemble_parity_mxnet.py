"""MXNet's answers to the cases of parity; run in its environment with the file to write."""

import ensemble_parity_cases as cases
import numpy as np
from mxnet import autograd, nd

from reproductions.ensemble_kd.architecture.layer import Convolution
from reproductions.ensemble_kd.gluon.ensemble import Ensemble
from reproductions.ensemble_kd.gluon.layers import Layers
from reproductions.ensemble_kd.gluon.quantisers import (
    Coded,
    activate,
    det_sign,
    positions,
    weight_codes,
)
from reproductions.ensemble_kd.gluon.quantisers import (
    cancel as cancel_gradient,
)
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.schedules import rate
from reproductions.ensemble_kd.training.attention import matching_losses
from reproductions.ensemble_kd.training.descent import Descent
from reproductions.ensemble_kd.training.losses import member_losses
from reproductions.ensemble_kd.training.optimisers import Moving, move
from reproductions.ensemble_kd.training.sources import sources_of


def learned(value):
    """Return `value` as an array that takes a gradient."""
    array = nd.array(value, dtype=np.float32)
    array.attach_grad()
    return array


def pulled(value, name):
    """Send numbers that `name` decides back through `value`."""
    value.backward(nd.array(cases.draw(name, *value.shape)))


def gradient(array):
    """Return the gradient of `array`."""
    return array.grad.asnumpy()


def values_of(coded):
    """Return what codes stand for."""
    return coded.codes / coded.divisor


def cancel(threshold):
    """Cancel gradients."""
    x = learned(cases.activations())
    with autograd.record():
        y = cancel_gradient(nd, x, threshold)
    pulled(y, "cancel")
    return {"value": y.asnumpy(), "gradient": gradient(x)}


def activation(member):
    """Quantise activations."""
    x, alpha = learned(cases.activations()), learned(np.float32([2]))
    with autograd.record():
        y = values_of(activate(nd, x, member, alpha))
    pulled(y, "activation")
    found = {"value": y.asnumpy(), "gradient": gradient(x)}
    return found | ({"alpha": gradient(alpha)} if member.activations == "pact" else {})


def weights(member, detach):
    """Quantise weights."""
    w = learned(cases.weights())
    with autograd.record():
        coded = Coded(w, 1)
        if member.weights == "det_sign":
            coded = Coded(det_sign(nd, w), 1)
        if member.weights == "dorefa":
            place = positions(nd, nd.cast(w, dtype="float64"), detach=detach)
            coded = weight_codes(nd, place, member.weight_bits)
        y = values_of(coded)
    pulled(y, "weights")
    return {"value": y.asnumpy(), "gradient": gradient(w)}


def convolution(member, asked):
    """Convolve as a member does."""
    layer = Convolution("one.conv", 3, 6, 3, 1, 1, 1, quantised=True)
    x, w = learned(cases.activations()), learned(cases.weights())
    with autograd.record():
        place = positions(nd, nd.cast(w, dtype="float64"), detach=asked.detach_maximum)
        values = {layer.weight: w, f"bits{member.bits}.{layer.alpha}": nd.array([2.0])}
        y = Layers(nd, values, {layer.weight: place}, member, asked).quantised(x, layer)
    pulled(y, "convolution")
    return {"value": y.asnumpy(), "gradient": gradient(x), "weight": gradient(w)}


def loss(teaching, sources):
    """Compute the losses of members."""
    logits = learned(3 * cases.draw("logits", 5, 7, 10))
    lesson = list(nd.array(3 * cases.draw("lesson", 5, 7, 10)))
    with autograd.record():
        losses = member_losses(logits, nd.array(np.arange(7) % 10), lesson, teaching, sources)
    pulled(losses, "loss")
    return {"value": losses.asnumpy(), "gradient": gradient(logits)}


def attention(attention):
    """Match attention maps."""
    mine, theirs = learned(cases.draw("maps", 2, 4, 5, 6, 6)), cases.draw("taught", 2, 4, 5, 6, 6)
    taught = [[nd.array(layer) for layer in theirs], [nd.array(layer * 2) for layer in theirs]]
    with autograd.record():
        own = [[mine[0], mine[1]], [mine[0] * 3 + 1, mine[1] * 3 + 1]]
        losses = matching_losses(taught, own, attention)
    pulled(losses, "attention")
    return {"value": losses.asnumpy(), "gradient": gradient(mine)}


def rates(how):
    """Return the learning rate of every step."""
    return {"value": [rate(how, step, 4) for step in range(20)]}


def optimiser(kind):
    """Move some weights for twelve steps."""
    found = cases.draw("start", 50)
    moving = Moving.begin(50, kind)
    for step in range(12):
        move(kind, found, cases.draw(f"pull{step}", 50), 0.01, 0.9, moving)
    return {"value": found}


def network(network, asked, widths):
    """Run a whole ensemble in predict mode, and then forth and back."""
    given = cases.ensemble_of(network, asked, widths)
    drawn = cases.draw("images", 24, network.image_channels, *(network.image_size,) * 2)
    doubled = Ensemble(*given, precision="float64")(nd.array(drawn, dtype="float64")).asnumpy()
    ensemble, images = Ensemble(*given), nd.array(drawn)
    predicted = ensemble(images).asnumpy()
    with autograd.record():
        logits = ensemble(images)
    pulled(logits, "logits")
    named = dict(sorted(ensemble.parameters.items()))
    learning = [one for one in named.values() if one.grad_req != "null"]
    fixed = [one for one in named.values() if one.grad_req == "null"]
    return {
        "trained": logits.asnumpy(),
        "gradient": np.concatenate([one.grad().asnumpy().ravel() for one in learning]),
        "statistics": np.concatenate([one.data().asnumpy().ravel() for one in fixed]),
        "predicted": predicted,
        "doubled": doubled,
    }


def training(widths, teaching, how):
    """Train a small ensemble for a few steps."""
    small = Network(width=0.125, image_size=8, image_channels=1)
    ensemble = Ensemble(*cases.ensemble_of(small, Quantisation(), widths))
    descent = Descent(ensemble.parameters, how)
    sources = sources_of(widths, teaching.mode)
    factors = np.reshape(how.member_weights or (1,) * len(widths), (-1, 1))
    found = []
    for step in range(6):
        images, labels = nd.array(cases.draw(f"batch{step}", 32, 1, 8, 8)), np.arange(32) % 10
        with autograd.record():
            logits = ensemble(images)
            losses = member_losses(
                logits, nd.array(labels), [None] * len(widths), teaching, sources
            )
        losses.backward(nd.array(np.broadcast_to(factors, losses.shape)))
        descent.step(descent.gradient(32), rate(how, step, 3))
        found.append(losses.asnumpy().mean(1))
    return {"losses": found}


if __name__ == "__main__":
    import sys

    cases.answer(sys.modules[__name__])
