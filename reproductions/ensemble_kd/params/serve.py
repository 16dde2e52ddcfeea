"""Parameters of the comparison of the packed engine with the network that it was packed from."""

from __future__ import annotations

from harness.steps import Params
from reproductions.ensemble_kd.params.fitting import FittingNetwork
from reproductions.ensemble_kd.params.quantisation import Quantisation, Widths


class ServeParams(Params):
    """The ensemble as it was trained and packed."""

    network: FittingNetwork
    widths: Widths
    quantisation: Quantisation = Quantisation()
