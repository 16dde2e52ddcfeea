"""Parameters of one step of training."""

from pydantic import Field

from harness.steps import Params


class OneStep(Params):
    """How wide the layer is, and how far it is moved."""

    units: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
