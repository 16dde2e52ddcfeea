"""The step that measures packed convolutions and networks against float32, on one thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from harness.errors import HarnessError
from harness.spec.device import Host
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.params.quantisation import FULL, Quantisation
from reproductions.ensemble_kd.params.speed import Shape, SpeedParams
from reproductions.ensemble_kd.quantisation.member import resolve, resolve_all
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.convolution import PackedConvolution
from reproductions.ensemble_kd.serving.engine import Engine
from reproductions.ensemble_kd.serving.floating import FloatConvolution
from reproductions.ensemble_kd.serving.geometry import Geometry
from reproductions.ensemble_kd.serving.store import open_store, pack
from reproductions.turns import Call, measurement, sample_in_turns

_CLOCK = "time.perf_counter_ns; one image on one thread; calls take turns; kernel {}"
_NETWORK = "network"


def measure_speed(inputs: Inputs, params: SpeedParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: time single convolutions and the whole network at every width, in turns.

    A series is named after its layer and width: ``56x56x64-w1``, ``network-w32``. Weights are
    drawn, as only their time is asked for. A convolution's time holds packing and border, and the
    normalisation that is folded into it.

    Raises
    ------
    HarnessError
        The stage's device is not of kind 'host'.
    """
    if not isinstance(run.device, Host):
        raise HarnessError(
            f"stage '{run.stage}' measures in its own process, and its device is of another kind",
            "give it a device of kind 'host'",
        )
    backend = kernel.choose()
    with on_one_core():
        generator = run.generator("values")
        calls: dict[str, Call] = {}
        for shape in params.layers:
            calls |= layer_calls(shape, params.widths, params.quantisation, generator, backend)
        calls |= network_calls(params, generator, backend)
        series = sample_in_turns(calls, run.device, run.progress)
    outputs.record("record", measurement(series, run.device, _CLOCK.format(backend)))


@contextmanager
def on_one_core() -> Iterator[None]:
    """Stay on one core: a library under NumPy that has more threads gains nothing by them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def layer_calls(
    shape: Shape,
    widths: tuple[int, ...],
    quantisation: Quantisation,
    generator: np.random.Generator,
    backend: str,
) -> dict[str, Call]:
    """Return the calls of one 3x3 convolution, by the names of their series."""
    size, channels = shape.size, shape.channels
    images = generator.standard_normal((1, size, size, channels), np.float32)
    weights = generator.standard_normal((channels, channels, 3, 3), np.float32)
    scale, shift = generator.standard_normal((2, channels), np.float32)
    calls: dict[str, Call] = {}
    for bits in widths:
        made: FloatConvolution | PackedConvolution
        if bits == FULL:
            made = FloatConvolution(weights, 1, 1, backend=backend)
        else:
            codes = generator.integers(0, 1 << bits, weights.shape, np.uint8)
            made = PackedConvolution(_geometry(channels, bits, quantisation), codes, backend)
        calls[f"{size}x{size}x{channels}-w{bits}"] = lambda made=made: made(images, scale, shift)  # type: ignore[misc]
    return calls


def _geometry(channels: int, bits: int, quantisation: Quantisation) -> Geometry:
    sign = resolve(bits, quantisation).activations in {"det_sign", "approx_sign"}
    minus_one = quantisation.padding == "minus_one"
    return Geometry(channels, channels, 3, 1, 1, bits, bits, sign=sign, minus_one=minus_one)


def network_calls(
    params: SpeedParams, generator: np.random.Generator, backend: str
) -> dict[str, Call]:
    """Return the calls of the whole network at each width, by the names of their series."""
    network, widths, quantisation = params.network, params.widths, params.quantisation
    description = describe(network, rebuilt_input=quantisation.rebuilt_input)
    values = initial_values(description, widths, resolve_all(widths, quantisation), generator)
    store = open_store(pack(dict(values), network, widths, quantisation, with_float=True))
    engine = Engine(store, backend, backend)
    size = (1, network.image_channels, network.image_size, network.image_size)
    images = generator.standard_normal(size, np.float32)
    for bits in widths:
        engine.prepare(bits)
    return {
        f"{_NETWORK}-w{bits}": lambda bits=bits: engine.answer(images, bits)  # type: ignore[misc]
        for bits in widths
    }
