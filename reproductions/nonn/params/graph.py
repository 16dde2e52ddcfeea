"""Parameters of the filter activation network."""

from __future__ import annotations

from pydantic import Field

from harness.steps import Params


class GraphParams(Params):
    """How the activity of the filters becomes a graph."""

    top_k: int = Field(
        50, ge=2, description="Filters of an image that can be linked: the strongest ones."
    )
    classes: int = Field(10, ge=2, description="Classes of the dataset, for the side tables.")
