"""Packed ensembles against the same engine in single precision, in one run and on one core."""

import os
from statistics import median

import numpy as np
import pytest

from harness.spec.device import Host
from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.speed import PUBLISHED, SpeedParams
from reproductions.ensemble_kd.quantisation.member import resolve_all
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.engine import Engine
from reproductions.ensemble_kd.serving.pack_step import rows_of
from reproductions.ensemble_kd.serving.speed_step import layer_calls, network_calls, on_one_core
from reproductions.ensemble_kd.serving.store import open_store, pack
from reproductions.ensemble_kd.serving.turns import sample_in_turns

WIDTHS = (32, 8, 4, 2, 1)
SMALL_IMAGES = Network(classes=100)  # the size of CIFAR's
HOST = Host(device="bench", says="One core", kind="host", warm_up=3, samples=30, tolerance=0.5)
BACKENDS = [one for one in kernel.backends() if one in kernel.VECTORS]
NEEDED = pytest.mark.skipif(not BACKENDS, reason="no compiled kernel with this CPU's vectors")


def generator():
    """Return a generator that starts anew."""
    return np.random.Generator(np.random.PCG64(0))


def milliseconds(benchmark, calls):
    """Return the least time of each call, which took turns: what a neighbour left alone."""

    def measure():
        with on_one_core():
            return sample_in_turns(calls, HOST)

    found = benchmark.pedantic(measure, rounds=1)
    benchmark.extra_info["medians"] = {
        name: f"{median(taken) / 1e6:.3f} ms" for name, taken in found.items()
    }
    return {name: min(taken) / 1e6 for name, taken in found.items()}


def gained(benchmark, least):
    """Return how many times as fast as 32 bits every other width is, and tell of it."""
    found = {}
    for name, taken in least.items():
        layer, _, bits = name.rpartition("-w")
        found[layer, int(bits)] = least[f"{layer}-w32"] / taken
    benchmark.extra_info["speed_up"] = {
        f"{layer} {bits} bits": round(one, 2) for (layer, bits), one in found.items()
    }
    return found


@NEEDED
@pytest.mark.parametrize("signs", [False, True], ids=["zero-one", "signs"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_one_bit_convolutions_are_three_times_as_fast(benchmark, backend, signs):
    """Every 3x3 layer takes a third of the time of fp32 at one bit, packing and border included.

    Both by the same engine and with the same vectors, for activations of 0 and 1 and of -1 and 1.
    """
    quantisation = Quantisation(one_bit_activations="det_sign" if signs else "as_asked")
    calls = {}
    for shape in PUBLISHED:
        calls |= layer_calls(shape, WIDTHS, quantisation, generator(), backend)
    found = gained(benchmark, milliseconds(benchmark, calls))

    assert min(one for (_, bits), one in found.items() if bits == 1) >= 3


@NEEDED
def test_whole_network_gains(benchmark):
    """With its layers in full precision, resnet18_e1 is faster at one bit than in single precision.

    All widths are told of, whether they gain or lose.
    """
    params = SpeedParams(network=Network(image_size=224, classes=1000), widths=WIDTHS)
    calls = network_calls(params, generator(), kernel.choose())
    found = gained(benchmark, milliseconds(benchmark, calls))

    assert found["network", 1] > 1


def store():
    """Return the values of an ensemble at full size, and its store without float weights."""
    quantisation = Quantisation()
    description, members = describe(SMALL_IMAGES), resolve_all(WIDTHS, quantisation)
    values = initial_values(description, WIDTHS, members, generator())
    return values, open_store(pack(values, SMALL_IMAGES, WIDTHS, quantisation))


def test_store_is_three_tenths_of_the_shared_weights(benchmark):
    """The store of 8-bit codes takes 0.3 of the shared weights in single precision at most.

    With all that serves 8, 4, 2 and 1 bit: full-precision layers, normalisation, checksums.
    """
    values, packed = benchmark.pedantic(store, rounds=1)
    found = {one["form"]: one for one in rows_of(values, packed) if one["form"] != "packed"}
    benchmark.extra_info["bytes"] = {form: one["bytes"] for form, one in found.items()}
    benchmark.extra_info["share"] = found["store"]["share"]

    assert found["store"]["share"] <= 0.3


def test_widths_switch_within_a_millisecond(benchmark):
    """Asked for another width than before, an engine takes 1 ms longer at most."""
    _, packed = store()
    engine = Engine(packed)
    image = generator().standard_normal((1, 3, 32, 32), np.float32)
    for bits in packed.served:
        engine.prepare(bits)
    turns = [bits for bits in packed.served for _ in range(2)]

    def answer():
        """Answer with each width after another one, and then once more."""
        for bits in turns:
            engine.answer(image, bits)

    calls = {
        **{f"same-{bits}": lambda bits=bits: engine.answer(image, bits) for bits in packed.served},
        "changing": answer,
    }
    answer()
    least = milliseconds(benchmark, calls)
    same = sum(2 * least[f"same-{bits}"] for bits in packed.served)
    longer = (least["changing"] - same) / len(packed.served)
    benchmark.extra_info["switch_ms"] = round(longer, 3)
    benchmark.extra_info["cores"] = len(os.sched_getaffinity(0))

    assert longer <= 1
