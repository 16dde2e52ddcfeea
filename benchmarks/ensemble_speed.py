"""Time packed convolutions and networks against fp32; run on one thread by the harness's Python.

``python ensemble_speed.py layers BACKEND as_asked|det_sign`` times the 3x3 convolutions of
resnet18_e1 at every width, ``python ensemble_speed.py network BACKEND`` the whole network for
images of 224 pixels, ``python ensemble_speed.py switch BACKEND`` answers of one width again and
again, and of another one each time. The samples, in nanoseconds, are printed as JSON, by name.
"""

import json
import sys
from functools import partial

import numpy as np

from harness.spec.device import Host
from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.speed import PUBLISHED, SpeedParams
from reproductions.ensemble_kd.quantisation.member import resolve_all
from reproductions.ensemble_kd.serving.engine import Engine
from reproductions.ensemble_kd.serving.speed_step import layer_calls, network_calls
from reproductions.ensemble_kd.serving.store import open_store, pack
from reproductions.turns import sample_in_turns

WIDTHS = (32, 8, 4, 2, 1)
CIFAR = Network(classes=100)
HOST = Host(device="bench", says="One thread", kind="host", warm_up=3, samples=30, tolerance=0.5)


def generator():
    """Return a generator that starts anew."""
    return np.random.Generator(np.random.PCG64(0))


def layers(backend, activations):
    """Return the calls of the four convolutions."""
    quantisation, calls = Quantisation(one_bit_activations=activations), {}
    for shape in PUBLISHED:
        calls |= layer_calls(shape, WIDTHS, quantisation, generator(), backend)
    return calls


def network(backend):
    """Return the calls of the whole network."""
    params = SpeedParams(network=Network(image_size=224, classes=1000), widths=WIDTHS)
    return network_calls(params, generator(), backend)


def values():
    """Return the values of an ensemble for CIFAR's images."""
    members = resolve_all(WIDTHS, Quantisation())
    return initial_values(describe(CIFAR), WIDTHS, members, generator())


def switch(backend):
    """Return calls that ask for each width twice in succession, and for another each time."""
    engine = Engine(open_store(pack(values(), CIFAR, WIDTHS, Quantisation())), backend)
    image = generator().standard_normal((1, 3, 32, 32), np.float32)
    for bits in engine.widths:
        engine.prepare(bits)

    def answer(turns):
        for bits in turns:
            engine.answer(image, bits)

    return {
        "same": partial(answer, [bits for bits in engine.widths for _ in range(2)]),
        "changing": partial(answer, engine.widths * 2),
    }


if __name__ == "__main__":
    made = {"layers": layers, "network": network, "switch": switch}[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(sample_in_turns(made, HOST)))
