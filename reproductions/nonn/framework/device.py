"""Where a network is trained: gpu_id and parallel, or what the machine lacks for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from harness.errors import HarnessError
from reproductions.nonn.determinism import settle
from reproductions.nonn.images import Split


@dataclass(frozen=True)
class Devices:
    """The devices of a training: the first has the weights, all share its batches.

    Parameters
    ----------
    names
        ``cpu``, or ``cuda:0`` and the like.
    lacking
        What the configuration asks for and the machine does not have; empty when all is there.
    """

    names: tuple[str, ...]
    lacking: str = ""

    def settle(self) -> None:
        """Fix the order of every operation, where there is one: on the CPU."""
        if self.names == ("cpu",):
            settle()

    def moved(self, split: Split) -> Split:
        """Return `split` with its images on the first device."""
        first = self.names[0]
        return replace(
            split,
            images=split.images.to(first),
            labels=split.labels.to(first),
            mean=split.mean.to(first),
            std=split.std.to(first),
        )

    def spread(self, model: nn.Module) -> nn.Module:
        """Return what calls `model` with each batch shared out to all devices."""
        if len(self.names) == 1:
            return model
        return Spread(model, device_ids=[torch.device(name) for name in self.names])


class Spread(nn.DataParallel):
    """A model on several devices, with the attributes of the model."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.module, name)


def devices(gpu_id: str, *, parallel: bool, where: str, gpus: int | None = None) -> Devices:
    """Return the devices that a configuration asks for.

    A machine without a GPU trains on the CPU, as the release does, but says so.

    Parameters
    ----------
    gpu_id, parallel
        The fields of the configuration.
    where
        The section of the configuration, for messages.
    gpus
        How many GPUs there are; counted when left out.

    Raises
    ------
    HarnessError
        There are GPUs, but not this one.
    """
    count = torch.cuda.device_count() if gpus is None else gpus
    if count == 0:
        built = torch.version.cuda is not None
        reason = "the machine has no usable GPU" if built else "this PyTorch is built for the CPU"
        wish = f"{where}.gpu_id '{gpu_id}'" + (f" and {where}.parallel" if parallel else "")
        return Devices(("cpu",), f"{wish}: {reason}; it is trained on the CPU, on one thread")
    if int(gpu_id) >= count:
        raise HarnessError(
            f"{where}.gpu_id '{gpu_id}': the machine has {count} GPU(s)",
            f"name one from '0' to '{count - 1}'",
        )
    first = f"cuda:{int(gpu_id)}"
    if not parallel:
        return Devices((first,))
    if count == 1:
        return Devices((first,), f"{where}.parallel: the machine has one GPU only; it is used")
    others = [f"cuda:{number}" for number in range(count) if number != int(gpu_id)]
    return Devices((first, *others))
