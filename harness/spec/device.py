"""A device: where a measuring stage measures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.spec.base import Name, Spec, Text


class Device(Spec):
    """Where a measuring stage measures, and how far two measurements may lie apart."""

    device: Name
    says: Text
    kind: Literal["host"] = Field(description="`host`: the machine that runs the harness.")
    warm_up: int = Field(ge=1, description="Calls that are made and thrown away.")
    samples: int = Field(ge=3, description="Calls that are timed.")
    tolerance: float = Field(
        gt=0, description="Largest relative difference between the medians of two records."
    )
