"""Packed ensembles against the same engine in single precision, in one run and on one thread."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from ensemble_speed import CIFAR, WIDTHS, values
from stopwatch import variables

from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.pack_step import rows_of
from reproductions.ensemble_kd.serving.store import open_store, pack

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("ensemble_speed.py")
BACKENDS = [one for one in kernel.backends() if one in ("c/avx2", "c/avx512-vpopcntdq")]
CORES = {"c/avx2": "Haswell", "c/avx512-vpopcntdq": "SkylakeX"}
"""What the BLAS may take the CPU for: it has the vectors that the codes have."""
NEEDED = pytest.mark.skipif(not BACKENDS, reason="no compiled kernel for this CPU's vectors")


def milliseconds(benchmark, backend, *words):
    """Return the least time of each series of the script: what a busy neighbour left alone."""
    own = {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": CORES[backend]}

    def measure():
        command = [sys.executable, str(SCRIPT), words[0], backend, *words[1:]]
        done = subprocess.run(
            command, env={**variables(ROOT), **own}, cwd=ROOT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    found = benchmark.pedantic(measure, rounds=1)
    benchmark.extra_info["medians"] = {
        name: f"{median(taken) / 1e6:.3f} ms" for name, taken in found.items()
    }
    return {name: min(taken) / 1e6 for name, taken in found.items()}


def gained(benchmark, least):
    """Return how many times as fast as 32 bits every width is, and tell of it."""
    found = {}
    for name, taken in least.items():
        layer, _, bits = name.rpartition("-w")
        found[layer, int(bits)] = least[f"{layer}-w32"] / taken
    benchmark.extra_info["speed_up"] = {
        f"{layer}, {bits} bits": round(one, 2) for (layer, bits), one in found.items()
    }
    return found


@NEEDED
@pytest.mark.parametrize("activations", ["as_asked", "det_sign"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_one_bit_convolutions_take_a_third(benchmark, backend, activations):
    """Every 3x3 layer takes a third of the time of fp32 at one bit, packing and border included.

    Both by the same engine and with the same vectors, for activations of 0 and 1 and of -1 and 1.
    """
    found = gained(benchmark, milliseconds(benchmark, backend, "layers", activations))

    assert min(one for (_, bits), one in found.items() if bits == 1) >= 3


@NEEDED
@pytest.mark.parametrize("backend", BACKENDS)
def test_whole_network_gains(benchmark, backend):
    """With its layers in full precision, resnet18_e1 is faster at one bit than in single precision.

    All widths are told of, whether they gain or lose.
    """
    found = gained(benchmark, milliseconds(benchmark, backend, "network"))

    assert found["network", 1] > 1


def test_store_takes_three_tenths_of_the_shared_weights(benchmark):
    """The store of 8-bit codes takes 0.3 of the shared weights in single precision at most.

    With all that serves 8, 4, 2 and 1 bit: full-precision layers, normalisation, checksums.
    """
    made = values()
    tensors = benchmark.pedantic(pack, (made, CIFAR, WIDTHS, Quantisation()), rounds=1)
    found = {one["form"]: one for one in rows_of(made, open_store(tensors))}
    benchmark.extra_info["share"] = found["store"]["share"]

    assert found["store"]["share"] <= 0.3


@NEEDED
def test_widths_switch_within_a_millisecond(benchmark):
    """Asked for another width than before, an engine takes 1 ms longer at most, caches included."""
    least = milliseconds(benchmark, BACKENDS[-1], "switch")
    # Both answer each of four widths twice: one changes the width four times, the other eight.
    longer = (least["changing"] - least["same"]) / 4
    benchmark.extra_info["switch_ms"] = round(longer, 3)

    assert longer <= 1
