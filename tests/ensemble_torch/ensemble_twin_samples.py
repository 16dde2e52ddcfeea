"""Small ensembles for the tests of the twin."""

import numpy as np

from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.leaving.source import Source
from reproductions.ensemble_kd.params.convert import ConvertParams
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.twin.ensemble import Ensemble

WIDTHS = (32, 8, 4, 2, 1)


def source_of(widths=WIDTHS, quantisation=None, **network):
    """Return an ensemble at an eighth of the width, for images of 8x8 pixels."""
    sizes = {"width": 0.125, "image_size": 8, "image_channels": 1, **network}
    params = ConvertParams(
        network=Network(**sizes), widths=widths, quantisation=quantisation or Quantisation()
    )
    return Source.of(params, "the sample")


def values_of(source, seed=1):
    """Return values in which nothing has its first, plain value."""
    random = np.random.default_rng(seed)
    widths = [member.bits for member in source.members]
    values = initial_values(source.description, widths, source.members, random)
    for name, value in values.items():
        if name.endswith((".gamma", ".variance")):
            value[:] = random.uniform(0.5, 2, value.shape)
        elif name.endswith((".beta", ".mean", ".bias")):
            value[:] = random.normal(0, 0.3, value.shape)
    return values


def ensemble_of(source, values=None):
    """Return the twin with `values`, or with those of `values_of`."""
    given = values_of(source) if values is None else values
    return Ensemble(source.description, source.members, source.quantisation, given)


def images_of(source, count=6, seed=2):
    """Return normalised images (count, C, H, W)."""
    network = source.description.network
    shape = (count, network.image_channels, network.image_size, network.image_size)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
