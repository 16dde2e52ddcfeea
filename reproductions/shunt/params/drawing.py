"""Parameters of the figures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.spec.base import Name, Text
from harness.steps import Params
from reproductions.shunt.params.network import Network


class KnowledgeQuotientsParams(Params):
    """Of which network the quotients are, and which systems of the search stand above them."""

    network: Network
    systems: Annotated[tuple[Name, ...], Field(max_length=12)] = Field(
        (), description="Systems of the input `choices`, by name, from the top to the bottom."
    )


class Reduction(Params):
    """Multiply-adds that a publication saved, of which it tells no accuracy that compares."""

    label: Text = Field(description="What the line is called: 'Singh 2019, one shunt'.")
    percent: float = Field(gt=0, lt=100, description="Of those of the publication's network.")


class AccuracyAgainstMacsParams(Params):
    """What the axis of accuracy is called, and which published reductions are drawn."""

    measure: Text = Field("test accuracy", description="What the scores are, without their unit.")
    reductions: Annotated[tuple[Reduction, ...], Field(max_length=8)] = ()


class SegmentationExampleParams(Params):
    """The picture of examples has no parameters."""
