"""The parameters of one ensemble moved by one optimiser."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from harness.formats.arrays import Array
from reproductions.ensemble_kd.params.training import Training
from reproductions.ensemble_kd.twin.ensemble import Ensemble
from reproductions.ensemble_kd.twin.optimisers import Moving, move


class Descent:
    """All parameters of `ensemble` as views of one flat tensor, on the device where they are."""

    def __init__(self, ensemble: Ensemble, how: Training) -> None:
        self.how = how
        named = dict(ensemble.named_parameters())
        self.parameters = list(named.values())
        self.weights = torch.cat([one.detach().flatten() for one in self.parameters])
        quantised = {layer.weight for layer in ensemble.description.quantised}
        decays = [
            torch.full((one.numel(),), 0.0 if _spared(name, quantised) else how.weight_decay)
            for name, one in named.items()
        ]
        self.decay = torch.cat(decays).to(self.weights.device)
        self.moving = Moving.begin(self.weights)
        start = 0
        for one in self.parameters:
            one.data = self.weights[start : start + one.numel()].view(one.shape)
            start += one.numel()

    def step(self, loss: Tensor, images: int, rate: float) -> None:
        """Move the parameters against the gradient of `loss`, a sum over so many `images`."""
        for one in self.parameters:
            one.grad = None
        torch.autograd.backward(loss)
        gradient = torch.cat(
            [
                (torch.zeros_like(one) if one.grad is None else one.grad).flatten()
                for one in self.parameters
            ]
        )
        gradient.mul_(1 / images)
        if self.how.weight_decay:
            gradient.add_(self.decay * self.weights)
        how = self.how
        move(how.optimiser, self.weights, gradient, rate, how.momentum, self.moving)

    def state(self) -> dict[str, Array]:
        """Return what the next step continues from, beside the parameters."""
        moving = self.moving
        found = {
            "first": moving.first,
            "second": moving.second,
            "steps": torch.tensor([moving.steps]),
        }
        return {name: value.cpu().numpy().copy() for name, value in found.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up what `state` has returned."""
        self.moving.steps = int(state["steps"][0])
        self.moving.first.copy_(torch.from_numpy(state["first"].copy()))
        self.moving.second.copy_(torch.from_numpy(state["second"].copy()))


def _spared(name: str, quantised: set[str]) -> bool:
    """Tell whether weight decay passes by: quantised weights and normalisation."""
    return name in quantised or name.endswith((".gamma", ".beta"))
