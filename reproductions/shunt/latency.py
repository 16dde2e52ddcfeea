"""The steps that time networks in LiteRT, one image at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import HarnessError
from harness.spec.device import LitertHost
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.determinism import settle
from reproductions.shunt.export.litert import Litert
from reproductions.shunt.export.parts import exported_parts
from reproductions.shunt.params.latency import LatencyParams, PartsParams
from reproductions.turns import Call, measurement, sample_in_turns

_CLOCK = (
    "time.perf_counter_ns; one image at a time, in the network's memory before the clock starts; "
    "networks take turns, each after every other equally often"
)


def measure_latency(inputs: Inputs, params: LatencyParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: time the forward pass of every network of the input `exported`, under its name.

    Raises
    ------
    HarnessError
        The stage's device has no LiteRT, or an array is no network that LiteRT can run.
    """
    exported = inputs.arrays("exported")
    _measure({name: content.tobytes() for name, content in exported.items()}, outputs, run)


def measure_parts(inputs: Inputs, params: PartsParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: time a network, each of its blocks alone, and each shape of shunt that fits into it.

    They are exported here, with drawn weights, as only their time is asked for.
    """
    litert_device(run)
    settle()
    _measure(dict(exported_parts(params, run)), outputs, run)


def _measure(exported: Mapping[str, bytes], outputs: Outputs, run: Run) -> None:
    device = litert_device(run)
    calls = {
        name: forward(name, content, device, run.generator("image"))
        for name, content in exported.items()
    }
    series = sample_in_turns(calls, device, run.progress)
    outputs.record("record", measurement(series, device, _CLOCK))


def litert_device(run: Run) -> LitertHost:
    """Return the device of a measuring stage; HarnessError when it is of another kind."""
    if isinstance(run.device, LitertHost):
        return run.device
    kind = "none" if run.device is None else f"'{run.device.device}' of kind '{run.device.kind}'"
    raise HarnessError(
        f"stage '{run.stage}' measures with LiteRT, and its device is {kind}",
        "give it a device of kind 'litert'",
    )


def forward(name: str, content: bytes, device: LitertHost, generator: np.random.Generator) -> Call:
    """Return the forward pass of an exported network for an image drawn from U(0, 1)."""
    try:
        network = Litert(content, device.threads, xnnpack=device.xnnpack)
    except HarnessError as error:
        raise HarnessError(f"'{name}': {error.message}", error.remedy) from error
    image = generator.random(network.shape[1:], dtype=np.float32)
    return network.prepared(image)
