"""Parameters of the export of a network and of what shunts made of it."""

from __future__ import annotations

from reproductions.shunt.params.export import Export
from reproductions.shunt.params.systems import Final, Systems


class ExportsParams(Systems, Export):
    """The original, and the final networks that are exported beside it."""

    finals: tuple[Final, ...]
