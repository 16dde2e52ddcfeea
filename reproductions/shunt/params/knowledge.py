"""Parameters of the knowledge quotients."""

from __future__ import annotations

from pydantic import Field

from harness.steps import Params
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.window import Window


class KnowledgeParams(Params):
    """The network whose blocks and windows are taken out, on the validation split."""

    network: Network
    windows: tuple[Window, ...] = Field(
        (), description="Windows of several blocks whose quotients are shown beside the blocks'."
    )
    batch_size: int = Field(64, ge=1, le=65_536, description="It changes no score.")
    compat: bool = Field(
        False, description="The predecessor's definition: the score without over the score with."
    )
