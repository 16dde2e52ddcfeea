"""Why a value is refused, in words for a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def reason(detail: ErrorDetails) -> str:
    """Return what one detail of a ValidationError says: a validator of ours speaks for itself."""
    return detail["msg"] if (own := own_words(detail)) is None else own


def own_words(detail: ErrorDetails) -> str | None:
    """Return what a validator of ours said; None where the words are pydantic's.

    pydantic writes "Value error, " before the message of a ValueError.
    """
    return str(detail["ctx"]["error"]) if detail["type"] == "value_error" else None
