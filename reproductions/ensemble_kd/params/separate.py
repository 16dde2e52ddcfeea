"""Parameters of the training of each width alone."""

from __future__ import annotations

from pydantic import Field

from reproductions.ensemble_kd.params.ensemble import Initialisation
from reproductions.ensemble_kd.params.fitting import FittingNetwork
from reproductions.ensemble_kd.params.quantisation import Quantisation, Widths
from reproductions.ensemble_kd.params.training import Training


class SeparateParams(Training):
    """Networks that share nothing, one for each width, all trained alike."""

    system: str = Field(
        default="separate",
        min_length=1,
        max_length=64,
        description="Names their rows in the tables.",
    )
    network: FittingNetwork
    widths: Widths
    quantisation: Quantisation = Quantisation()
    initialisation: Initialisation = "gaussian"
