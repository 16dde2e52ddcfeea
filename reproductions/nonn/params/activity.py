"""Parameters of the recording of the teacher's activity."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.steps import Params
from reproductions.nonn.params.network import Network


class ActivityParams(Params):
    """Which teacher, and on which images its filters are observed."""

    network: Network
    batch_size: int = Field(128, ge=1, le=65_536)
    split: Literal["train", "validation"] = "validation"
