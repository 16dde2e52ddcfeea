"""Parameters of the trainings."""

from pydantic import Field

from harness.steps import Params


class OneStep(Params):
    """How wide the layer is, and how far it is moved."""

    units: int = Field(ge=1)
    learning_rate: float = Field(gt=0)


class NetworkTraining(Params):
    """The training of a small network."""

    channels: int = Field(ge=1)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
