"""The parameters of the step that materialises a dataset."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from harness.spec.base import Identifier, Spec
from harness.spec.dataset import Dataset
from harness.steps import Params


class Limit(Spec):
    """At most so many images of each part, drawn by the split's seed; all where none is given."""

    train: int | None = Field(default=None, ge=1)
    validation: int | None = Field(default=None, ge=1)
    test: int | None = Field(default=None, ge=1)


class DatasetParams(Params):
    """Which dataset, and how much of it."""

    dataset: Identifier = Field(description="A spec of `specs/dataset/`.")
    limit: Limit | None = Field(None, description="For quick profiles.")
    spec: Dataset | None = Field(
        None, description="Filled in by `harness compile` from `specs/dataset/`; leave it out."
    )

    @model_validator(mode="after")
    def _spec_of_that_name(self) -> Self:
        if self.spec is not None and self.spec.dataset != self.dataset:
            raise ValueError("'spec' is of another dataset; leave it out")
        return self
