"""Parameters of the packing of an ensemble into one store."""

from __future__ import annotations

from pydantic import Field

from harness.steps import Params
from reproductions.ensemble_kd.params.fitting import FittingNetwork
from reproductions.ensemble_kd.params.quantisation import Quantisation, Widths


class PackParams(Params):
    """The ensemble as it was trained, and whether its float weights are kept."""

    network: FittingNetwork
    widths: Widths
    quantisation: Quantisation = Quantisation()
    with_float: bool = Field(
        default=False,
        description="Keep the float weights too, so that the member of 32 bits is served.",
    )
