"""Networks of several widths that share their weights, each with its own normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mxnet import gluon, init, nd

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.ensemble_kd.architecture.description import Description
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes
from reproductions.ensemble_kd.gluon.member import Members, Plan
from reproductions.ensemble_kd.gluon.parameters import check, load, values
from reproductions.ensemble_kd.gluon.quantisers import Precision
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import Member

__all__ = ["Ensemble", "load", "values"]

_NORMALISATION = frozenset({"gamma", "beta", "mean", "variance"})


class Ensemble(gluon.HybridBlock):
    """From images (B, C, H, W), normalised, to logits (members, B, classes).

    Parameters
    ----------
    description, members, quantisation
        What it computes; members in the order of the answers.
    values
        Every parameter by canonical name, float32; running statistics too.
    precision
        What it computes with, and the type of images and logits.

    Raises
    ------
    HarnessError
        A value is missing, left over, or of another shape.
    """

    def __init__(
        self,
        description: Description,
        members: tuple[Member, ...],
        quantisation: Quantisation,
        values: Mapping[str, Array],
        precision: Precision = "float32",
    ) -> None:
        super().__init__(prefix="")
        self._plan = Plan(description, members, quantisation, precision)
        self.shared: tuple[str, ...] = tuple(description.shared())
        shapes = ensemble_shapes(description, members)
        check(shapes, values, "the initial values")
        undecayed = {layer.weight for layer in description.quantised}
        self.parameters: dict[str, Any] = {
            name: _parameter(name, values[name].astype(precision), decays=name not in undecayed)
            for name in shapes
        }
        self.network = Members(self._plan, members, self.parameters)

    @cached_property
    def _mapping(self) -> Members:
        # No attribute that is set, which would make it a child: the forward pass has no part of it.
        return Members(self._plan, self.members, self.parameters, maps=True)

    @property
    def members(self) -> tuple[Member, ...]:
        """The members, in the order of the answers."""
        return self._plan.members

    def private(self, bits: int) -> tuple[str, ...]:
        """Return the names of what the member of `bits` has for itself."""
        return self._plan.names(self._of(bits))

    def member(self, bits: int) -> Members:
        """Return the member of `bits` alone, answering with (B, classes); it shares parameters."""
        return Members(self._plan, (self._of(bits),), self.parameters, alone=True)

    def with_maps(self, x: Any) -> tuple[Any, list[list[Any]]]:
        """Return the logits, and for each member what its quantised convolutions gave."""
        logits, maps = self._mapping(x)
        return logits, maps

    def hybridize(self, active: bool = True, **flags: Any) -> None:
        """Compile the forward pass, and the one with maps, at their next call."""
        super().hybridize(active, **flags)
        self._mapping.hybridize(active, **flags)

    def hybrid_forward(self, _f: Any, x: Any) -> Any:
        """Return the logits."""
        return self.network(x)

    def _of(self, bits: int) -> Member:
        for member in self._plan.members:
            if member.bits == bits:
                return member
        have = ", ".join(str(member.bits) for member in self._plan.members)
        raise HarnessError(
            f"the ensemble has no member of {bits} bits; its widths are {have}",
            "name one of its widths",
        )


def _parameter(name: str, value: Array, *, decays: bool) -> Any:
    kind = name.rpartition(".")[2]
    parameter = gluon.Parameter(
        name,
        grad_req="null" if kind in {"mean", "variance"} else "write",
        shape=value.shape,
        dtype=value.dtype,
        wd_mult=0.0 if kind in _NORMALISATION or not decays else 1.0,
    )
    parameter.initialize(init.Zero())
    parameter.set_data(nd.array(value, dtype=value.dtype))
    return parameter
