"""Parameters of the original network's training."""

from __future__ import annotations

from reproductions.shunt.params.network import Network
from reproductions.shunt.params.training import Training


class OriginalParams(Training):
    """The network as it is before any shunt, and how it is trained."""

    network: Network
