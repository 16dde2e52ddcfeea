"""`specs/config.yaml`: Hydra's list of what is composed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.spec.base import Spec

MADE_BY = "harness compile from specs/; edit the specs, not this file"
"""The first line of params.yaml, so that nobody edits it by hand."""


class Config(Spec):
    """What is composed, in this order; later entries win."""

    made_by: Literal["harness compile from specs/; edit the specs, not this file"] = Field(
        description="Becomes the first line of params.yaml."
    )
    defaults: tuple[Literal["_self_"] | dict[str, str], ...] = Field(
        min_length=2,
        description="`_self_`, then one entry for each spec, such as "
        "`papers@papers.nonn: nonn`, then `profile: smoke`.",
    )
