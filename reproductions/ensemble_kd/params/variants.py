"""Parameters of the trainings of one ensemble in several forms, such as published quirks."""

from __future__ import annotations

from json import dumps
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from harness.steps import Params
from reproductions.ensemble_kd.params.ensemble import EnsembleParams

Overrides = dict[str, Any]


class Variant(Params):
    """What one training has in other fields than the base, by the name of the field."""

    name: str = Field(min_length=1, max_length=64, description="Its `system` in the tables.")
    quantisation: Overrides = {}
    teaching: Overrides = {}
    training: Overrides = Field(
        default={}, description="Of the base's own fields, such as `balance`."
    )


class VariantsParams(Params):
    """One ensemble, and what each variant has in place of its fields."""

    base: EnsembleParams
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        names = [variant.name for variant in self.variants]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two variants are called '{twice[0]}'")
        for variant in self.variants:
            self.made(variant)
        return self

    def made(self, variant: Variant) -> EnsembleParams:
        """Return the base with the fields of `variant` in place of its own.

        Raises
        ------
        ValueError
            A field does not exist, or its value is not allowed.
        """
        fields = self.base.model_dump(mode="json", exclude_none=True)
        fields["quantisation"] |= variant.quantisation
        fields["teaching"] |= variant.teaching
        changed = fields | variant.training | {"system": variant.name}
        return EnsembleParams.model_validate_json(dumps(changed))
