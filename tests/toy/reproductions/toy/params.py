"""Parameters of the toy's steps."""

from pydantic import Field

from harness.steps import Params


class Numbers(Params):
    """How many numbers, in how many epochs."""

    count: int = Field(ge=1)
    epochs: int = Field(ge=1)


class Total(Params):
    """The name of the sum's row."""

    name: str


class Nothing(Params):
    """No parameters."""
