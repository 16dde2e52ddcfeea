"""Parameters of the export of a network and of what shunts made of it."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from reproductions.shunt.params.export import Export
from reproductions.shunt.params.systems import Final, Systems, check_finals


class ExportsParams(Systems, Export):
    """The original, and the final networks that are exported beside it."""

    finals: tuple[Final, ...]

    @model_validator(mode="after")
    def _known(self) -> Self:
        check_finals(self, self.finals)
        return self
