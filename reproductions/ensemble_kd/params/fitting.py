"""A network that can be built: its shortcuts fit its channels and the size of its images."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from harness.errors import HarnessError
from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.params.network import Network


def check_fitting(network: Network) -> Network:
    """Return `network` when it can be built; raise ValueError otherwise."""
    try:
        describe(network)
    except HarnessError as error:
        raise ValueError(f"{error.message}: {error.remedy}") from error
    return network


FittingNetwork = Annotated[Network, AfterValidator(check_fitting)]
