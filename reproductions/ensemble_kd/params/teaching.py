"""Who teaches the members of an ensemble, and by which loss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.steps import Params
from reproductions.ensemble_kd.params.quantisation import check_bits

SAME = -1
"""In place of a width: each member's own."""


def _check_matched(bits: int) -> int:
    return bits if bits == SAME else check_bits(bits)


Mode = Literal["none", "simple", "progressive"]


class Attention(Params):
    """Matching of attention maps, after each quantised convolution, with an ensemble teacher."""

    bits: Annotated[int, AfterValidator(_check_matched)] = Field(
        default=SAME,
        ge=SAME,
        le=32,
        description="Of the teacher's member whose maps are matched; -1: same.",
    )
    axis: Literal["channels", "width"] = Field(
        default="channels", description="Over which squares are averaged; `width` as published."
    )
    weight: float = Field(default=1.0, ge=0, le=1e6)


class Teaching(Params):
    """The loss of every member: labels, and soft targets of a teacher or of another member."""

    mode: Mode = "none"
    alpha: float = Field(
        default=0.5, ge=0, le=1, description="Weight of the labels' loss; published default 0."
    )
    temperature: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="Of both softmaxes; the soft loss is multiplied by its square.",
    )
    detach: bool = Field(
        default=True,
        description="A member is no more pulled towards the narrower one that it teaches; as "
        "published it is.",
    )
    reduction: Literal["sum", "mean"] = Field(
        default="sum", description="Over classes, in the soft loss; `mean` as published."
    )
    teacher_predicts: bool = Field(
        default=True,
        description="A frozen teacher normalises by its moving averages; as published by those "
        "of the batch.",
    )
    internal_labels: bool = Field(
        default=True,
        description="An internal teacher learns from labels; as published from nothing.",
    )
    attention: Attention | None = None


PUBLISHED = {
    "alpha": 0.0,
    "detach": False,
    "reduction": "mean",
    "teacher_predicts": False,
    "internal_labels": False,
}
"""The fields of `Teaching` whose published form is not the default."""
