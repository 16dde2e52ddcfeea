"""The ensemble in PyTorch: all members of one set of shared weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as f
from torch import Tensor, nn

from harness.formats.arrays import Array
from reproductions.ensemble_kd.architecture.description import Description, private_name
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes
from reproductions.ensemble_kd.leaving.names import check_names
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import Member
from reproductions.ensemble_kd.twin.layers import Layers
from reproductions.ensemble_kd.twin.quantisers import weight_places

Maps = list[Tensor]
"""The outputs of a member's quantised convolutions, in their order."""

_STATISTICS = (".mean", ".variance")


class Ensemble(nn.Module):
    """One network for each of `members`; `state_dict` has the canonical names.

    Parameters
    ----------
    values
        The initial value of every canonical name, float32.

    Raises
    ------
    HarnessError
        `values` are not those of this ensemble.
    """

    def __init__(
        self,
        description: Description,
        members: tuple[Member, ...],
        quantisation: Quantisation,
        values: Mapping[str, Array],
    ) -> None:
        super().__init__()
        self.description = description
        self.members = members
        self.quantisation = quantisation
        check_names(values, ensemble_shapes(description, members), "the values")
        for name, value in values.items():
            _place(self, name, torch.from_numpy(np.array(value, np.float32)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (members, B, classes) of normalised images (B, C, H, W)."""
        return self.with_maps(x)[0]

    def with_maps(self, x: Tensor) -> tuple[Tensor, list[Maps]]:
        """Return the logits, and by member the outputs of its quantised convolutions."""
        answers, maps = self._answers(x, self.members)
        return torch.stack(answers), maps

    def answer(self, x: Tensor, bits: int) -> Tensor:
        """Return the logits (B, classes) of the member of `bits` alone."""
        member = next(one for one in self.members if one.bits == bits)
        return self._answers(x, [member])[0][0]

    def _answers(self, x: Tensor, members: Sequence[Member]) -> tuple[list[Tensor], list[Maps]]:
        named = dict(tensors(self))
        places = self._places(named, members)
        found = [self._answer(x, self._layers(named, places, member)) for member in members]
        return [logits for logits, _ in found], [maps for _, maps in found]

    def _answer(self, x: Tensor, layers: Layers) -> tuple[Tensor, Maps]:
        network, maps = self.description, Maps()
        widest = layers.member.bits == max(one.bits for one in self.members)
        x = layers.normalise(x, network.input_of(widest=widest))
        x = layers.normalise(layers.stem(x, network.stem), network.stem_normalisation)
        for block in network.blocks:
            x, found = layers.block(x, block, network.network.add_activation)
            maps += found
        pooled = torch.relu(x).mean((2, 3))
        return f.linear(pooled, layers.values["output.weight"], layers.values["output.bias"]), maps

    def _layers(
        self, named: Mapping[str, Tensor], places: Mapping[str, Tensor], member: Member
    ) -> Layers:
        start = private_name(member.bits, "")
        own = {name.removeprefix(start): value for name, value in named.items()}
        return Layers(own, places, member, self.quantisation, self.training)

    def _places(self, named: Mapping[str, Tensor], members: Sequence[Member]) -> dict[str, Tensor]:
        if all(member.weights != "dorefa" for member in members):
            return {}
        detach = self.quantisation.detach_maximum
        return {
            layer.weight: weight_places(named[layer.weight], detach_maximum=detach)
            for layer in self.description.quantised
        }


def tensors(ensemble: Ensemble) -> Iterator[tuple[str, Tensor]]:
    """Every parameter and running statistic of `ensemble` by its canonical name."""
    yield from ensemble.named_parameters()
    yield from ensemble.named_buffers()


def values(ensemble: Ensemble) -> dict[str, Array]:
    """Return a copy of all values of `ensemble` by canonical name, float32."""
    return {name: value.detach().cpu().numpy().copy() for name, value in tensors(ensemble)}


def load(ensemble: Ensemble, found: Mapping[str, Array], place: str) -> None:
    """Copy the values `found`, which are from `place`, into `ensemble`.

    Raises
    ------
    HarnessError
        A name is missing or left over, or a shape is another.
    """
    check_names(found, ensemble_shapes(ensemble.description, ensemble.members), place)
    with torch.no_grad():
        for name, tensor in tensors(ensemble):
            tensor.copy_(torch.from_numpy(np.array(found[name], np.float32)))


def _place(module: nn.Module, name: str, value: Tensor) -> None:
    """Put `value` under the dotted `name`; running statistics take no gradient."""
    *path, last = name.split(".")
    for part in path:
        within = dict(module.named_children())
        if part not in within:
            module.add_module(part, nn.Module())
        module = module.get_submodule(part)
    if name.endswith(_STATISTICS):
        module.register_buffer(last, value)
    else:
        module.register_parameter(last, nn.Parameter(value))
