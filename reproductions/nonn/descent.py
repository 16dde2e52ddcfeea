"""Stochastic gradient descent with momentum and weight decay."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from harness.formats.arrays import Array
from harness.formats.rows import Row


class Descent:
    """The update of ``torch.optim.SGD`` without Nesterov's term, to the same bits.

    torch's class loads the compiler when it is first made, which costs a short stage more than
    its training does; and here the momentum is plainly there to be saved.
    """

    def __init__(self, model: nn.Module, momentum: float, weight_decay: float) -> None:
        self.parameters = dict(model.named_parameters())
        self.velocity = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.momentum = momentum
        self.weight_decay = weight_decay

    def gradients(self, loss: Tensor) -> None:
        """Replace the gradient of every parameter by that of `loss`."""
        for value in self.parameters.values():
            value.grad = None
        torch.autograd.backward(loss)

    def step(self, rate: float) -> None:
        """Move every parameter that has a gradient along its velocity, at learning rate `rate`."""
        with torch.no_grad():
            for name, value in self.parameters.items():
                if value.grad is not None:
                    change = value.grad.add(value, alpha=self.weight_decay)
                    velocity = self.velocity[name].mul_(self.momentum).add_(change)
                    value.add_(velocity, alpha=-rate)

    def close(self, row: Row) -> None:
        """Nothing is to be done at the end of an epoch."""

    def state(self) -> dict[str, Array]:
        """The velocities by parameter; they share memory, where they are on the CPU."""
        return {name: value.cpu().numpy() for name, value in self.velocity.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up velocities that `state` has returned."""
        for name, value in self.velocity.items():
            value.copy_(torch.from_numpy(state[name].copy()))
