"""Why a value is refused, in words for a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def reason(detail: ErrorDetails) -> str:
    """Return what one detail of a ValidationError says: a validator of ours speaks for itself.

    pydantic writes "Value error, " before the message of a ValueError.
    """
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    return detail["msg"]
