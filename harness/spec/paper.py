"""A paper: its publications, claims, stages, tables and figures."""

from __future__ import annotations

from typing import Self

from pydantic import Field, JsonValue, model_validator

from harness.spec.base import (
    Identifier,
    Name,
    Reference,
    Scalar,
    Spec,
    StepName,
    Text,
    Unit,
)
from harness.spec.claim import Claim


class Publication(Spec):
    """One publication of the paper, or the release of its code."""

    title: Text
    venue: Text
    year: int = Field(ge=1950, le=2100)
    doi: str | None = Field(None, pattern=r"^10\.\d{4,9}/\S+$")
    arxiv: str | None = Field(None, pattern=r"^\d{4}\.\d{4,5}(v\d+)?$")
    repository: str | None = Field(None, pattern=r"^https://\S+$")
    licence: Text = Field(description="SPDX identifier, or what the publisher states.")

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if not (self.doi or self.arxiv or self.repository):
            raise ValueError("give a 'doi', an 'arxiv' identifier or a 'repository'")
        return self


class Stage(Spec):
    """One step of the experiment: what runs, where, on what, with which parameters."""

    step: StepName
    environment: Name = Field("harness", description="A spec of `specs/environment/`.")
    inputs: dict[Identifier, Reference] = Field(
        {}, description="The step's inputs, each the output of another stage."
    )
    params: dict[Identifier, JsonValue] = Field(
        {}, description="The step's parameters; `harness schema --step STEP` lists them."
    )
    per_seed: bool = Field(False, description="Run once for each of the paper's `seeds`.")
    device: Name | None = Field(
        None,
        description="A spec of `specs/device/`: the stage measures there. Its record is committed "
        "and kept by every run; `harness measure` makes another.",
    )
    record: str = Field(
        "0001",
        pattern=r"^\d{4}$",
        description="With `device`: the number of the record that the tables derive from.",
    )


class Column(Spec):
    """One column of a table."""

    heading: Text
    unit: Unit | None = None
    digits: int | None = Field(
        None, ge=0, le=12, description="Decimal places; none for integers and text."
    )
    values: tuple[Scalar, ...] | None = Field(
        None, description="The values that the column can hold; a key column states them."
    )


class Table(Spec):
    """A table, made of the rows that stages have written."""

    caption: Text
    rows: tuple[Reference, ...] = Field(min_length=1, description="Outputs of kind `rows`.")
    key: tuple[Identifier, ...] = Field(min_length=1, description="The columns that name a row.")
    columns: dict[Identifier, Column] = Field(min_length=1)
    over_seeds: tuple[Identifier, ...] = Field(
        (),
        description="Columns averaged over the seeds: each gives the mean and a column "
        "`<name>_std` with the sample standard deviation, and `seeds` counts them.",
    )


class Figure(Spec):
    """A figure, drawn by a step from the outputs of stages."""

    caption: Text
    draw: StepName
    inputs: dict[Identifier, Reference] = Field(min_length=1)
    params: dict[Identifier, JsonValue] = {}


class Paper(Spec):
    """Everything that is reproduced of one paper, and how."""

    paper: Identifier
    title: Text
    authors: tuple[Text, ...] = Field(min_length=1)
    publications: dict[Name, Publication] = Field(min_length=1)
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    constants: dict[Identifier, JsonValue] = Field(
        {},
        description="Values that several stages share; the parameter `=name` stands for one.",
    )
    claims: dict[Name, Claim] = {}
    stages: dict[Name, Stage] = Field(min_length=1)
    tables: dict[Name, Table] = {}
    figures: dict[Name, Figure] = {}

    @model_validator(mode="after")
    def _distinct_seeds(self) -> Self:
        if len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError("seeds are distinct and not negative")
        return self
