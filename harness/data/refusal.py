"""Why one way to a file did not work."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - a refusal is no error: the next mirror is tried
    """One mirror or package did not deliver; the text says why in a few words."""
