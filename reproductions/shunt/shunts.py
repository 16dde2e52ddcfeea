"""The shunts as Keras models, built from their descriptions."""

from __future__ import annotations

import keras

from harness.stage.run import derive_seed
from reproductions.shunt.architecture.block import IMAGE
from reproductions.shunt.architecture.shunt import check_cheaper, describe_shunt
from reproductions.shunt.models.initialisers import HeNormal
from reproductions.shunt.models.layers import DECAY, MOMENTUM, Maker
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.surgery.region import Region


def build_shunt(
    region: Region,
    shunt: Shunt,
    seed: int,
    name: str | None = None,
    momentum: float = MOMENTUM,
) -> keras.Model:
    """Return `shunt`, fitted to `region`, with weights drawn from `seed` and the window alone.

    Its layers have the names of the release. What the release passes to the 1x1 convolutions under
    names that depthwise convolutions do not read, He's initial weights and the L2 term, the
    depthwise ones do not have here either.

    Parameters
    ----------
    name
        Of the model, by default ``shunt_<first>_<last>``.
    momentum
        Of the moving averages of its batch normalisation.

    Raises
    ------
    HarnessError
        The shunt cannot stand there (see `describe_shunt`), or needs more multiply-adds than the
        region.
    """
    window = region.window
    description = describe_shunt(region.site, shunt)
    check_cheaper(window, region.cost.macs, description.macs)
    image = keras.Input(description.image, name=f"shunt_{IMAGE}")
    maker = Maker(derive_seed("shunt", seed, str(window)), DECAY, HeNormal, momentum)
    made = maker.assemble(description.uses, {IMAGE: image})
    output = made[description.uses[-1].name]
    return keras.Model(image, output, name=name or f"shunt_{window.first}_{window.last}")
