"""Networks, systems and shunts as stages hand them on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from reproductions.naming import under, within
from reproductions.shunt.models import build
from reproductions.shunt.params.network import Network
from reproductions.shunt.params.shunt import System
from reproductions.shunt.params.systems import Systems
from reproductions.shunt.params.window import Window
from reproductions.shunt.search.systems import systems_of
from reproductions.shunt.shunts import build_shunt
from reproductions.shunt.surgery.region import region
from reproductions.shunt.weights import restore

CHOICES = "choices"
"""The input that holds what a search has chosen."""


def read_network(inputs: Inputs, name: str, network: Network) -> keras.Model:
    """Return the trained `network` whose weights are the input `name`."""
    model = build(network, seed=0)
    restore(model, *read_weights(inputs, name))
    return model


def read_weights(inputs: Inputs, name: str) -> tuple[dict[str, Array], str]:
    """Return the weights of the input `name`, and where they are; of several seeds the first's.

    A stage that runs per seed sees its own seed alone.
    """
    seed = next(iter(inputs.seeds(name)), None)
    return inputs.weights(name, seed), str(inputs.path(name, seed))


def read_systems(inputs: Inputs, params: Systems) -> tuple[System, ...]:
    """Return the systems that `params` names: those picked by hand, then the chosen ones.

    Raises
    ------
    HarnessError
        The search has no such system.
    """
    chosen = systems_of(inputs.rows(CHOICES), params.chosen) if params.chosen else ()
    return (*params.systems, *chosen)


def new_shunts(
    model: keras.Model, network: Network, system: System, seed: int
) -> dict[Window, Any]:
    """Return the shunts of `system`, with initial weights drawn from `seed`, by window.

    Parameters
    ----------
    model
        The `network` into which they will be put.
    """
    return {
        placed.window: build_shunt(
            region(model, placed.window), placed.shunt, seed, momentum=network.momentum
        )
        for placed in system.windows
    }


def shunt_key(system: System, window: Window) -> str:
    """Return the name under which a stage stores a shunt's weights."""
    return f"{system.name}.{window}"


def stored_shunts(
    system: System, weights: Mapping[Window, Mapping[str, Array]]
) -> dict[str, Array]:
    """Return the weights of the shunts of `system` under the names by which they are stored."""
    found: dict[str, Array] = {}
    for window, one in weights.items():
        found |= under(shunt_key(system, window), one)
    return found


def read_shunts(
    inputs: Inputs, name: str, model: keras.Model, network: Network, system: System
) -> dict[Window, Any]:
    """Return the trained shunts of `system` whose weights are in the input `name`, by window."""
    weights, place = read_weights(inputs, name)
    shunts = new_shunts(model, network, system, seed=0)
    for window, shunt in shunts.items():
        key = shunt_key(system, window)
        restore(shunt, within(key, weights), f"{place}, '{key}'")
    return shunts
