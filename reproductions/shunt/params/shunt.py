"""Which shunts: an architecture and its width, and where each stands."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.spec.base import Name
from harness.steps import Params
from reproductions.shunt.params.window import Window


class Shunt(Params):
    """One small network in a window's place, of the architectures of the release."""

    architecture: Literal[1, 4, 5] = Field(
        default=1,
        description="As the release numbers them: 4 has one bottleneck, 1 has two, 5 has three.",
    )
    width: Literal["published", "window"] = Field(
        default="published",
        description="`published`: 192, 128 and 64 channels whatever the window. `window`: as many "
        "times the window's input channels as these are of 64, in multiples of 8.",
    )

    def __str__(self) -> str:
        return str(self.architecture) + ("w" if self.width == "window" else "")


class Placed(Params):
    """A shunt and the window that it replaces."""

    window: Window
    shunt: Shunt = Shunt()


class System(Params):
    """A network with shunts: a name, and disjoint windows with their shunts."""

    name: Name
    windows: Annotated[tuple[Placed, ...], Field(min_length=1, max_length=64)] = Field(
        description="From the input to the output of the network; none shares a block."
    )

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        for before, after in zip(self.windows, self.windows[1:], strict=False):
            if after.window.first <= before.window.last:
                raise ValueError(
                    f"system '{self.name}': the window {after.window} begins before "
                    f"{before.window} has ended"
                )
        return self
