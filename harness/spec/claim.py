"""A claim: a number or a relation that a publication states, and how it is checked."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.spec.base import Identifier, Name, Scalar, Spec, Text, Unit


class Source(Spec):
    """Where a publication states the claim, and how sure that source is."""

    publication: Name = Field(description="A key of `publications`.")
    where: Text = Field(description="The place: abstract, table and cell, file and line.")
    certainty: Literal["table", "abstract", "code", "derived"] = Field(
        description="A printed table, an abstract, the released code, or arithmetic on those."
    )


class Reported(Spec):
    """What the publication states: a value with its unit, or a statement in words."""

    value: int | float | None = Field(None, description="The number that is stated.")
    unit: Unit | None = Field(None, description="Its unit; `x` for a ratio, `count` for a number.")
    bound: Literal["exactly", "about", "up to", "at least"] = Field(
        "exactly", description="How the number is stated; it widens no tolerance."
    )
    statement: Text | None = Field(None, description="A claim that is not a number.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.value is None) == (self.statement is None):
            raise ValueError("state either a 'value' with its 'unit' or a 'statement'")
        if (self.value is None) != (self.unit is None):
            raise ValueError("a 'value' needs a 'unit' (and a statement has none)")
        return self


class Context(Spec):
    """What a neighbouring work states of something alike: shown beside the claims, never judged."""

    says: Text = Field(description="What is stated in one sentence, in our words.")
    source: Source = Field(description="Where it is stated.")
    reported: Reported = Field(description="What is stated.")
    differs: Text = Field(description="What is different there, so that it is no claim here.")


class Cell(Spec):
    """One cell of one table of this paper."""

    table: Name = Field(description="A table of this paper.")
    row: dict[Identifier, Scalar] = Field(description="The value of every key column.")
    column: Identifier = Field(description="A column of the table.")


class Agreement(Spec):
    """When a reproduced value agrees with the reported one. Exactly one kind is given.

    `exact`: the numbers are equal. `relative`, `absolute`: |difference| is at most that share of
    the reported value, or that much in the column's unit. `relation`: the reproduced cell stands
    in that relation to the cell under `against`, give or take `margin` in the column's unit.
    """

    exact: Literal[True] | None = Field(None, description="The numbers are equal.")
    relative: float | None = Field(
        None, gt=0, description="Largest difference, as a share of the reported value."
    )
    absolute: float | None = Field(
        None, gt=0, description="Largest difference, in the column's unit."
    )
    relation: Literal["at least", "at most"] | None = Field(
        None, description="How the reproduced cell stands to the one under `against`."
    )
    margin: float = Field(0.0, ge=0, description="Only with `relation`.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = ("exact", "relative", "absolute", "relation")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(kinds)}")
        if self.margin and self.relation is None:
            raise ValueError("'margin' goes with 'relation'")
        return self


class Claim(Spec):
    """A number or relation that a publication states, with the cell that reproduces it."""

    says: Text = Field(description="The claim in one sentence, in our words.")
    source: Source = Field(description="Where it is stated.")
    reported: Reported = Field(description="What is stated.")
    reproduced: Cell | None = Field(None, description="The cell that answers the claim.")
    against: Cell | None = Field(None, description="With `relation`: the cell to compare with.")
    agrees: Agreement | None = Field(None, description="The tolerance; declared before the run.")
    needs: Text | None = Field(
        None, description="What is missing here, when the claim cannot be verified: the reason."
    )
    differs: Text | None = Field(
        None,
        description="Why it is known to come out different: the verdict stays, with this reason, "
        "and fails no run.",
    )
    decided_from: Name = Field(
        "smoke", description="The smallest profile from which on the claim can be decided."
    )

    @model_validator(mode="after")
    def _checkable_or_why_not(self) -> Self:
        if self.reproduced is None and self.needs is None:
            raise ValueError("give 'reproduced' and 'agrees', or say under 'needs' what is missing")
        if self.reproduced is None and (self.agrees or self.against):
            raise ValueError("'agrees' and 'against' go with 'reproduced'")
        if self.reproduced is not None and self.needs is None and self.agrees is None:
            raise ValueError("a number that is compared needs a tolerance: give 'agrees'")
        if self.differs is not None and self.agrees is None:
            raise ValueError("'differs' goes with 'agrees': what is not compared cannot differ")
        related = self.agrees is not None and self.agrees.relation is not None
        if related != (self.against is not None):
            raise ValueError("'against' and a 'relation' go together")
        if self.agrees is not None and not related and self.reported.value is None:
            raise ValueError("a statement in words is compared by a 'relation'")
        return self
