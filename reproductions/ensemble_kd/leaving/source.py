"""Where values come from, and which ensemble they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.formats.arrays import Array
from reproductions.ensemble_kd.architecture.description import Description, describe
from reproductions.ensemble_kd.architecture.shapes import ensemble_shapes
from reproductions.ensemble_kd.leaving.names import check_names
from reproductions.ensemble_kd.params.convert import ConvertParams
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import Member, resolve_all


@dataclass(frozen=True)
class Source:
    """An ensemble, and the `place` of its values, which errors name."""

    description: Description
    members: tuple[Member, ...]
    quantisation: Quantisation
    place: str

    @classmethod
    def of(cls, params: ConvertParams, place: str) -> Source:
        """Return the ensemble that `params` describe."""
        asked = params.quantisation
        description = describe(params.network, rebuilt_input=asked.rebuilt_input)
        return cls(description, resolve_all(params.widths, asked), asked, place)

    def widest(self, member: Member) -> bool:
        """Tell whether no other member has more bits."""
        return member.bits == max(one.bits for one in self.members)

    def check(self, values: Mapping[str, Array]) -> None:
        """Raise HarnessError unless `values` are those of this ensemble."""
        check_names(values, ensemble_shapes(self.description, self.members), self.place)
