"""Parameters of the examples of a segmentation."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from reproductions.shunt.params.systems import Final, Systems, check_finals


class ExamplesParams(Systems):
    """Which final network stands beside the original one, and for how many scenes."""

    final: Final
    images: int = Field(3, ge=1, le=8, description="The first ones of the test split.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        check_finals(self, (self.final,))
        return self
