"""Parameters of the way out of MXNet: which ensemble's values are converted."""

from __future__ import annotations

from harness.steps import Params
from reproductions.ensemble_kd.params.fitting import FittingNetwork
from reproductions.ensemble_kd.params.quantisation import Quantisation, Widths


class ConvertParams(Params):
    """The ensemble as it was trained.

    The conversion's own command line reads it from a file of JSON with these fields. A file that
    has some members alone is converted when `widths` names those alone.
    """

    network: FittingNetwork
    widths: Widths
    quantisation: Quantisation = Quantisation()
