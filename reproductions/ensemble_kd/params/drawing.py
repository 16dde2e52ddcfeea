"""Parameters of the figures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from harness.spec.base import Name, Text
from harness.steps import Params

Label = Annotated[str, StringConstraints(min_length=1, max_length=32, strip_whitespace=True)]
"""What fits beside the axes of a figure."""


class System(Params):
    """A system that a figure shows, and what it is called there."""

    name: Name = Field(description="As in the column `system` of the rows.")
    label: Label = Field(description="Its name in the figure: 'shared, progressive'.")


Systems = Annotated[tuple[System, ...], Field(max_length=10)]
"""Which systems a figure shows, in order; none named: all, as the rows call them."""


class AccuracyAgainstBitsParams(Params):
    """Which systems stand beside the separately trained ones."""

    systems: Systems = ()


class AccuracyAgainstBytesParams(Params):
    """Which systems stand beside the separately trained ones, and whose bytes count."""

    systems: Systems = ()
    network: Text = Field(
        description="Of which network the bytes are, as in the column `network` of the cost count."
    )


class SpeedUpParams(Params):
    """The picture of speed-ups has no parameters."""


class GradientsParams(Params):
    """Which systems get a panel."""

    systems: Systems = ()
