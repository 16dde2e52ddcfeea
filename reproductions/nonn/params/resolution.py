"""Parameters of the resolution of a community search: a number and what it means."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.steps import Params


class Resolution(Params):
    """How small communities are: `value`, and which of its three meanings in use it has.

    Every meaning comes down to gamma, the factor of Reichardt and Bornholdt before the null
    model, in ``sum over communities of L/m - gamma (K/2m)^2`` with L the weight inside, K the
    weight of all ends, m the weight of all links. A larger gamma gives more and smaller
    communities.
    """

    value: float = Field(ge=0.001, le=1000)
    meaning: Literal["gamma", "python-louvain-0.15", "python-louvain-0.16"] = Field(
        description="`gamma`: the value is gamma. `python-louvain-0.15`, and all before it: the "
        "value multiplies the links inside, so gamma is 1/value; the published partition was made "
        "so. `python-louvain-0.16`: the value multiplies the null model, as gamma does."
    )

    @property
    def gamma(self) -> float:
        """The factor before the null model."""
        return 1 / self.value if self.meaning == "python-louvain-0.15" else self.value


PUBLISHED = Resolution(value=0.7, meaning="python-louvain-0.15")
"""What the release passes, in the meaning that it had for the published partition."""
