"""Small networks of every family, and weights and images for them."""

from functools import cache

import numpy as np
from pydantic import TypeAdapter

from reproductions.shunt import models
from reproductions.shunt.params.network import Network
from reproductions.shunt.weights import variables

NETWORK = TypeAdapter(Network)
POOL = {"size": (2, 2), "strides": (1, 1)}
V2 = {"family": "mobilenetv2", "width": 0.35}
SMALL = {"family": "mobilenetv3", "size": "small", "width": 0.5}
LARGE = {"family": "mobilenetv3", "size": "large", "width": 0.35, "minimalistic": True}
DEEPLAB = {
    "family": "deeplabv3", "image_height": 65, "image_width": 97, "classes": 5, "pool": POOL,
}  # fmt: skip
FAMILIES = (V2, SMALL, LARGE, DEEPLAB)


def network(entry, **more):
    """Validate a network as a spec would."""
    return NETWORK.validate_python({**entry, **more})


def family(index):
    """Name a network of `FAMILIES`."""
    return FAMILIES[index]["family"] + FAMILIES[index].get("size", "")


def built(entry, seed=1, **more):
    """Build a network and give every weight a value that is neither 0 nor 1."""
    model = models.build(network(entry, **more), seed)
    generator = np.random.Generator(np.random.PCG64(seed))
    for name, variable in variables(model).items():
        if not name.endswith("kernel"):
            variable.assign(generator.uniform(0.5, 1.5, variable.shape).astype(np.float32))
    return model


@cache
def sample(index):
    """Return the network `FAMILIES[index]` with its weights; no test changes it."""
    return built(FAMILIES[index])


def images(model, count=2):
    """Return images for `model`, values from 0 to 1."""
    shape = (count, *model.input_shape[1:])
    return np.random.Generator(np.random.PCG64(5)).random(shape, dtype=np.float32)
