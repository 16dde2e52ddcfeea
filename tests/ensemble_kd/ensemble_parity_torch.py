"""PyTorch's answers to the cases of parity; run in its environment with the file to write."""

import ensemble_parity_cases as cases
import numpy as np
import torch

from reproductions.ensemble_kd.architecture.layer import Convolution
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.schedules import rate
from reproductions.ensemble_kd.twin.determinism import settle
from reproductions.ensemble_kd.twin.ensemble import Ensemble, tensors
from reproductions.ensemble_kd.twin.layers import Layers
from reproductions.ensemble_kd.twin.losses import matching_losses, member_losses
from reproductions.ensemble_kd.twin.optimisers import Moving, move
from reproductions.ensemble_kd.twin.quantisers import (
    cancel_gradient,
    quantise_activations,
    quantise_weights,
    weight_places,
)
from reproductions.ensemble_kd.twin.training import Course, Lesson, predict

CPU = torch.device("cpu")


def learned(value):
    """Return `value` as a tensor that takes a gradient."""
    return torch.from_numpy(np.array(value)).requires_grad_()


def pulled(value, name):
    """Send numbers that `name` decides back through `value`."""
    value.backward(torch.from_numpy(cases.draw(name, *value.shape)))


def gradient(tensor):
    """Return the gradient of `tensor`; nothing came back where it is zeros."""
    return np.zeros(tensor.shape, np.float32) if tensor.grad is None else tensor.grad.numpy()


def cancel(threshold):
    """Cancel gradients."""
    x = learned(cases.activations())
    y = cancel_gradient(x, threshold)
    pulled(y, "cancel")
    return {"value": y.detach(), "gradient": gradient(x)}


def activation(member):
    """Quantise activations."""
    x, alpha = learned(cases.activations()), learned(np.float32([2]))
    passed = x if member.cancel is None else cancel_gradient(x, member.cancel)
    y = quantise_activations(passed, member.activations, member.activation_bits, alpha).values
    pulled(y, "activation")
    found = {"value": y.detach(), "gradient": gradient(x)}
    return found | ({"alpha": gradient(alpha)} if member.activations == "pact" else {})


def weights(member, detach):
    """Quantise weights."""
    w = learned(cases.weights())
    places = weight_places(w, detach_maximum=detach) if member.weights == "dorefa" else None
    y = quantise_weights(w, places, member).values
    pulled(y, "weights")
    return {"value": y.detach(), "gradient": gradient(w)}


def convolution(member, asked):
    """Convolve as a member does."""
    layer = Convolution("one.conv", 3, 6, 3, 1, 1, 1, quantised=True)
    x, w = learned(cases.activations()), learned(cases.weights())
    places = {layer.weight: weight_places(w, detach_maximum=asked.detach_maximum)}
    values = {layer.weight: w, layer.alpha: torch.tensor([2.0])}
    y = Layers(values, places, member, asked, training=True).quantised(x, layer)
    pulled(y, "convolution")
    return {"value": y.detach(), "gradient": gradient(x), "weight": gradient(w)}


def loss(teaching, sources):
    """Compute the losses of members."""
    logits = learned(3 * cases.draw("logits", 5, 7, 10))
    labels = torch.arange(7) % 10
    lesson = list(torch.from_numpy(3 * cases.draw("lesson", 5, 7, 10)))
    losses = member_losses(logits, labels, lesson, teaching, sources)
    pulled(losses, "loss")
    return {"value": losses.detach(), "gradient": gradient(logits)}


def attention(attention):
    """Match attention maps."""
    mine = learned(cases.draw("maps", 2, 4, 5, 6, 6))
    theirs = torch.from_numpy(cases.draw("taught", 2, 4, 5, 6, 6))
    taught = [list(theirs), list(theirs * 2)]
    losses = matching_losses(taught, [list(mine), list(mine * 3 + 1)], attention)
    pulled(losses, "attention")
    return {"value": losses.detach(), "gradient": gradient(mine)}


def rates(how):
    """Return the learning rate of every step."""
    return {"value": [rate(how, step, 4) for step in range(20)]}


def optimiser(kind):
    """Move some weights for twelve steps."""
    found = torch.from_numpy(cases.draw("start", 50))
    moving = Moving.begin(found)
    for step in range(12):
        move(kind, found, torch.from_numpy(cases.draw(f"pull{step}", 50)), 0.01, 0.9, moving)
    return {"value": found}


def network(network, asked, widths):
    """Run a whole ensemble in predict mode, and then forth and back."""
    given = cases.ensemble_of(network, asked, widths)
    images = cases.draw("images", 24, network.image_channels, *(network.image_size,) * 2)
    doubled = predict(Ensemble(*given).double(), images.astype(np.float64), CPU)
    ensemble = Ensemble(*given)
    predicted = predict(ensemble, images, CPU)
    logits = ensemble.train()(torch.from_numpy(images))
    pulled(logits, "logits")
    named = dict(sorted(tensors(ensemble)))
    return {
        "trained": logits.detach(),
        "gradient": np.concatenate(
            [gradient(one).ravel() for one in named.values() if one.requires_grad]
        ),
        "statistics": np.concatenate(
            [one.numpy().ravel() for one in named.values() if not one.requires_grad]
        ),
        "predicted": predicted,
        "doubled": doubled,
    }


def training(widths, teaching, how):
    """Train a small ensemble for a few steps."""
    small = Network(width=0.125, image_size=8, image_channels=1)
    ensemble = Ensemble(*cases.ensemble_of(small, Quantisation(), widths))
    ensemble.train()
    course = Course(ensemble, how, Lesson(teaching), CPU)
    found = []
    for step in range(6):
        images, labels = cases.draw(f"batch{step}", 32, 1, 8, 8), np.arange(32) % 10
        _, losses = course.step(images, labels, rate(how, step, 3))
        found.append(losses.mean(1))
    return {"losses": found}


if __name__ == "__main__":
    import sys

    settle()
    cases.answer(sys.modules[__name__])
