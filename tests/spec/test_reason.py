"""Why a value is refused, in words for a user."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, TypeAdapter, ValidationError

from harness.reason import own_words, reason


def refuse(value):
    """Refuse a value."""
    raise ValueError(f"{value} is too many: take fewer")


@pytest.mark.parametrize(
    ("value", "own", "said"),
    [
        (9, "9 is too many: take fewer", "9 is too many: take fewer"),
        ("x", None, "Input should be a valid integer"),
    ],
)
def test_a_validator_of_ours_speaks_for_itself(value, own, said):
    """Our own words come without pydantic's, and pydantic's own as they are."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Annotated[int, AfterValidator(refuse)]).validate_python(value)

    (detail,) = refused.value.errors()
    assert own_words(detail) == own
    assert reason(detail).startswith(said)
