"""An optimiser and a schedule of the user's own as the update of the training loop."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row

_META = "meta"


class Stepped:
    """A `torch.optim.Optimizer` and a scheduler, or None, that behaves like torch's.

    The state of the optimiser is saved with a checkpoint; the schedule is brought to its place by
    repeating the closed epochs, so that a scheduler of any class is taken up exactly.
    """

    def __init__(self, optimizer: Any, scheduler: Any | None) -> None:
        self.optimizer = optimizer
        self.scheduler = scheduler

    def gradients(self, loss: Tensor) -> None:
        """Replace the gradient of every parameter by that of `loss`."""
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)

    def step(self, rate: float) -> None:  # noqa: ARG002 - the optimiser has its own
        """Move every parameter."""
        self.optimizer.step()

    def close(self, row: Row) -> None:
        """Move the schedule on; one that waits for a plateau sees the validation loss."""
        if self.scheduler is None:
            return
        with warnings.catch_warnings():
            # After a resumption the schedule moves before the optimiser does.
            warnings.filterwarnings("ignore", message=".*lr_scheduler.step.*")
            if isinstance(self.scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
                self.scheduler.step(row["validation_loss"])
            else:
                self.scheduler.step()

    def state(self) -> dict[str, Array]:
        """The optimiser's tensors, and the rest of its state as JSON."""
        content = self.optimizer.state_dict()
        tensors: dict[str, Array] = {}
        plain: list[list[Any]] = []
        for number, entries in content["state"].items():
            for name, value in entries.items():
                if isinstance(value, Tensor):
                    # A scalar has no axis, which a file of weights would give it.
                    kind = "tensor" if value.dim() else "scalar"
                    tensors[f"{kind}.{number}.{name}"] = value.detach().cpu().numpy().copy()
                else:
                    plain.append([number, name, value])
        groups = [
            {name: value for name, value in group.items() if _is_plain(value)}
            for group in content["param_groups"]
        ]
        meta = json.dumps({"plain": plain, "groups": groups}).encode()
        return {**tensors, _META: np.frombuffer(meta, dtype=np.uint8)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up what `state` has returned."""
        meta = json.loads(state[_META].tobytes())
        content = self.optimizer.state_dict()
        entries: dict[int, dict[str, Any]] = {}
        for number, name, value in meta["plain"]:
            entries.setdefault(number, {})[name] = value
        for key, array in state.items():
            if key != _META:
                kind, number, name = key.split(".", 2)
                value = torch.from_numpy(array.copy())
                entries.setdefault(int(number), {})[name] = (
                    value.reshape(()) if kind == "scalar" else value
                )
        groups = zip(content["param_groups"], meta["groups"], strict=True)
        content["param_groups"] = [own | _like(own, saved) for own, saved in groups]
        content["state"] = entries
        self.optimizer.load_state_dict(content)


def stepped(model: nn.Module, optimizer: Any | None, scheduler: Any | None) -> Stepped:
    """Return the update of `model` by an optimiser and a scheduler, of which one may be None.

    Raises
    ------
    HarnessError
        One of them is not what it should be, or the optimiser moves other parameters.
    """
    if optimizer is None:
        optimizer = getattr(scheduler, "optimizer", None)
    if optimizer is None or not {"param_groups", "step"} <= {*dir(optimizer)}:
        raise HarnessError(
            f"optimizer: {type(optimizer).__name__} is no optimiser like those of torch.optim",
            "pass an object such as torch.optim.Adam(model.parameters())",
        )
    if scheduler is not None and not hasattr(scheduler, "step"):
        raise HarnessError(
            f"scheduler: {type(scheduler).__name__} has no method 'step'",
            "pass an object such as torch.optim.lr_scheduler.StepLR(optimizer, step_size=5)",
        )
    moved = {id(value) for group in optimizer.param_groups for value in group["params"]}
    if not moved & {id(value) for value in model.parameters()}:
        raise HarnessError(
            "optimizer: it moves no parameter of this model",
            "make it from the parameters of the model that is passed with it",
        )
    return Stepped(optimizer, scheduler)


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _like(own: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return `saved` with tuples where `own` has them, which JSON does not tell from lists."""
    return {
        name: tuple(value) if isinstance(own.get(name), tuple) else value
        for name, value in saved.items()
    }
