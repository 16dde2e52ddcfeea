"""A call for a distillation, as the release has it, as the stages' parameters."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.reason import reason
from reproductions.shunt.params.distillation import Distillation

_KIND: TypeAdapter[Distillation] = TypeAdapter(Distillation)
_NUMBERS = {
    "dark_knowledge": ("temperature", "strength", "compat"),
    "attention": ("layers", "strength"),
    "features": ("strength",),
    "ace": ("kappa",),
}
"""The numbers of each kind."""


def one_of(chosen: Mapping[str, bool], numbers: Mapping[str, float | None]) -> Distillation:
    """Return the one kind that is `chosen`, with those of `numbers` that it has and that are given.

    Raises
    ------
    HarnessError
        None or several kinds are chosen, or a number is not allowed.
    """
    kinds = [kind for kind, wanted in chosen.items() if wanted]
    if len(kinds) != 1:
        raise HarnessError(
            f"of the distillations {', '.join(chosen)} {len(kinds)} are chosen",
            "choose one: each is a loss of its own; with none of them train_final_model learns "
            "from the labels alone",
        )
    (kind,) = kinds
    given = {key: numbers[key] for key in _NUMBERS[kind] if numbers.get(key) is not None}
    try:
        return _KIND.validate_python({"kind": kind, **given})
    except ValidationError as error:
        found = error.errors(include_url=False)
        said = "; ".join(f"{one['loc'][-1]}: {reason(one)}" for one in found)
        raise HarnessError(f"the distillation '{kind}': {said}") from error
