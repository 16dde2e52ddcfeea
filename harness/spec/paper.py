"""A paper: its publications, claims, stages, tables and figures."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from harness.spec.base import (
    Identifier,
    Name,
    Reference,
    Scalar,
    Spec,
    StepName,
    Text,
    Unit,
    check_address,
)
from harness.spec.claim import Claim, Context

Address = Annotated[
    str, StringConstraints(pattern=r"^https://\S+$", max_length=500), AfterValidator(check_address)
]
"""An address of a page."""


class Publication(Spec):
    """One publication of the paper, or the release of its code."""

    title: Text = Field(description="The title as printed.")
    venue: Text = Field(description="Where it appeared: conference, journal, or host of the code.")
    year: int = Field(ge=1950, le=2100, description="The year it appeared.")
    doi: str | None = Field(
        None, pattern=r"^10\.\d{4,9}/\S+$", description="The DOI, without a resolver's address."
    )
    arxiv: str | None = Field(
        None, pattern=r"^\d{4}\.\d{4,5}(v\d+)?$", description="The arXiv identifier, quoted."
    )
    repository: Address | None = Field(None, description="The address of the released code.")
    licence: Text = Field(description="SPDX identifier, or what the publisher states.")

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if not (self.doi or self.arxiv or self.repository):
            raise ValueError("give a 'doi', an 'arxiv' identifier or a 'repository'")
        return self


class Stage(Spec):
    """One step of the experiment: what runs, where, on what, with which parameters."""

    step: StepName = Field(description="What runs: `<package>.<step>` of the closed registry.")
    environment: Name = Field("harness", description="A spec of `specs/environment/`.")
    inputs: dict[Identifier, Reference] = Field(
        {}, description="The step's inputs, each the output of another stage."
    )
    params: dict[Identifier, JsonValue] = Field(
        {}, description="The step's parameters; `harness schema --step STEP` lists them."
    )
    per_seed: bool = Field(False, description="Run once for each of the paper's `seeds`.")
    device: Identifier | None = Field(
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

    heading: Text = Field(description="What the column is called in print.")
    unit: Unit | None = Field(None, description="The unit of its numbers.")
    digits: int | None = Field(
        None, ge=0, le=12, description="Decimal places; none for integers and text."
    )
    values: tuple[Scalar, ...] | None = Field(
        None, description="The values that the column can hold; a key column states them."
    )


class Table(Spec):
    """A table, made of the rows that stages have written."""

    caption: Text = Field(description="What the table shows, at which size.")
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

    caption: Text = Field(description="What the figure shows.")
    draw: StepName = Field(description="The step that draws it.")
    inputs: dict[Identifier, Reference] = Field(
        min_length=1, description="The outputs that it is drawn from."
    )
    params: dict[Identifier, JsonValue] = Field({}, description="The step's parameters.")


class Paper(Spec):
    """Everything that is reproduced of one paper, and how."""

    paper: Identifier = Field(description="The paper's short name: that of the file and package.")
    title: Text = Field(description="The paper's title.")
    authors: tuple[Text, ...] = Field(min_length=1, description="The authors, as printed.")
    publications: dict[Name, Publication] = Field(
        min_length=1, description="Where the claims are stated, by names that claims refer to."
    )
    seeds: tuple[int, ...] = Field(
        (0,), min_length=1, description="The seeds for which the stages with `per_seed` run."
    )
    constants: dict[Identifier, JsonValue] = Field(
        {},
        description="Values that several stages share; the parameter `=name` stands for one.",
    )
    claims: dict[Name, Claim] = Field({}, description="What the publications state.")
    context: dict[Name, Context] = Field(
        {},
        description="What neighbouring works state of something alike: shown in the report, "
        "without a verdict and outside of the coverage.",
    )
    stages: dict[Name, Stage] = Field(min_length=1, description="The experiment, step by step.")
    tables: dict[Name, Table] = Field({}, description="Tables made of the rows of stages.")
    figures: dict[Name, Figure] = Field({}, description="Figures drawn from outputs of stages.")

    @model_validator(mode="after")
    def _distinct_seeds(self) -> Self:
        if len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError("seeds are distinct and not negative")
        return self
