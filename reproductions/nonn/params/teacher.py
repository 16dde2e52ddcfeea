"""Parameters of the teacher's training."""

from __future__ import annotations

from reproductions.nonn.params.network import Network
from reproductions.nonn.params.training import Training


class TeacherParams(Training):
    """The teacher and how it is trained."""

    network: Network
