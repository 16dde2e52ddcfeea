"""Parameters of the examples of a segmentation."""

from __future__ import annotations

from pydantic import Field

from reproductions.shunt.params.systems import Final, Systems


class ExamplesParams(Systems):
    """Which final network stands beside the original one, and for how many scenes."""

    final: Final
    images: int = Field(3, ge=1, le=8, description="The first ones of the test split.")
