"""The parameters of the step that materialises a dataset."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from harness.spec.base import Identifier, Spec
from harness.spec.dataset import Dataset, MaskLabels
from harness.steps import Params


class Limit(Spec):
    """At most so many images of each part, drawn by the split's seed; all where none is given."""

    train: int | None = Field(default=None, ge=1)
    validation: int | None = Field(default=None, ge=1)
    test: int | None = Field(default=None, ge=1)


class Size(Spec):
    """The size of an image, in pixels."""

    height: int = Field(ge=1, le=4096)
    width: int = Field(ge=1, le=4096)


class DatasetParams(Params):
    """Which dataset, and how much of it."""

    dataset: Identifier = Field(description="A spec of `specs/dataset/`.")
    limit: Limit | None = Field(None, description="For quick profiles.")
    resize: Size | None = Field(
        None, description="For datasets with masks: make all images so small."
    )
    spec: Dataset | None = Field(
        None, description="Filled in by `harness compile` from `specs/dataset/`; leave it out."
    )

    @model_validator(mode="after")
    def _spec_of_that_name(self) -> Self:
        if self.spec is not None and self.spec.dataset != self.dataset:
            raise ValueError("'spec' is of another dataset; leave it out")
        return self

    @model_validator(mode="after")
    def _size_of_such_images(self) -> Self:
        if self.spec is None or self.resize is None:
            return self
        masked, whole = isinstance(self.spec.labels, MaskLabels), self.spec.image
        if not masked:
            raise ValueError("'resize' is for datasets with masks")
        if self.resize.height > whole.height or self.resize.width > whole.width:
            raise ValueError(f"'resize' makes images smaller than {whole.height} x {whole.width}")
        return self
