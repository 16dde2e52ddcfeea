"""Some members of an ensemble as one function of the images, and as a block of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mxnet import gluon

from reproductions.ensemble_kd.architecture.description import Description
from reproductions.ensemble_kd.architecture.shapes import member_shapes
from reproductions.ensemble_kd.gluon.layers import Layers
from reproductions.ensemble_kd.gluon.quantisers import Precision, positions
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import Member


@dataclass(frozen=True)
class Plan:
    """What decides an ensemble's function besides its parameters; members in their order."""

    description: Description
    members: tuple[Member, ...]
    quantisation: Quantisation
    precision: Precision = "float32"

    def widest(self, member: Member) -> bool:
        """Tell whether no other member has more bits."""
        return member.bits == max(one.bits for one in self.members)

    def names(self, member: Member) -> tuple[str, ...]:
        """Return the names of a member's own parameters."""
        return tuple(member_shapes(self.description, member, widest=self.widest(member)))


def answers(
    f: Any, x: Any, plan: Plan, members: tuple[Member, ...], values: Mapping[str, Any]
) -> tuple[list[Any], list[list[Any]]]:
    """Return the logits (B, classes) and the maps of `members` for images x (B, C, H, W).

    The maps are what the quantised convolutions gave, in the order of the description.
    """
    places = _places(f, plan, members, values)
    found = [
        _answer(plan, Layers(f, values, places, member, plan.quantisation, plan.precision), x)
        for member in members
    ]
    return [logits for logits, _ in found], [maps for _, maps in found]


def _answer(plan: Plan, layers: Layers, x: Any) -> tuple[Any, list[Any]]:
    network, maps = plan.description, list[Any]()
    x = layers.normalise(x, network.input_of(widest=plan.widest(layers.member)))
    x = layers.normalise(layers.stem(x, network.stem), network.stem_normalisation)
    for block in network.blocks:
        x, found = layers.block(x, block, network.network.add_activation)
        maps += found
    return layers.answer(x, network.classes), maps


def _places(
    f: Any, plan: Plan, members: tuple[Member, ...], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the weights' places between DoReFa's levels, where a member needs them."""
    if all(member.weights != "dorefa" for member in members):
        return {}
    detach = plan.quantisation.detach_maximum
    # In float64: the tanh of different libraries differs in the last bit of float32.
    return {
        layer.weight: positions(f, f.cast(values[layer.weight], dtype="float64"), detach=detach)
        for layer in plan.description.quantised
    }


class Members(gluon.HybridBlock):
    """Some members of an ensemble, with its parameters.

    It answers images (B, C, H, W) with logits (members, B, classes); with `maps` also with what
    the quantised convolutions gave, a list for each member; one member `alone` with (B, classes).
    """

    def __init__(
        self,
        plan: Plan,
        members: tuple[Member, ...],
        parameters: Mapping[str, gluon.Parameter],
        *,
        maps: bool = False,
        alone: bool = False,
    ) -> None:
        super().__init__(prefix="")
        self._plan, self._members, self._maps, self._alone = plan, members, maps, alone
        own = [name for member in members for name in plan.names(member)]
        for name in (*plan.description.shared(), *own):
            setattr(self, name, parameters[name])
        self.params.update({name: parameters[name] for name in self._reg_params})

    def hybrid_forward(self, f: Any, x: Any, **values: Any) -> Any:
        """Compute it; MXNet hands in the parameters as arrays or symbols."""
        logits, maps = answers(f, x, self._plan, self._members, values)
        answer = logits[0] if self._alone else f.stack(*logits, axis=0)
        return (answer, maps) if self._maps else answer
