"""The steps that pack an ensemble and measure its speed."""

import pytest
from ensemble_reference import SMALL, Reference
from pydantic import ValidationError

from harness.devices.record import Measurement
from harness.errors import HarnessError
from harness.formats import jsonfile, rows
from harness.formats.arrays import read_weights, write_weights
from harness.spec.device import Host, LitertHost
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.params.pack import PackParams
from reproductions.ensemble_kd.params.speed import PUBLISHED, SERVED, Shape, SpeedParams
from reproductions.ensemble_kd.quantisation.nested import NESTED
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.pack_step import pack
from reproductions.ensemble_kd.serving.speed_step import measure_speed
from reproductions.ensemble_kd.serving.store import open_store

HOST = Host(device="host", says="Here", kind="host", warm_up=1, samples=3, tolerance=0.5)


def run(folder, device=None):
    """Return a run without progress."""
    return Run("ensemble_kd", "stage", 0, Checkpoint(folder / "c"), lambda *_words: None, device)


def test_packing_writes_a_store_and_its_bytes(tmp_path):
    """The store serves what was asked for, and the rows tell the bytes of each form of it."""
    ensemble = Reference()
    write_weights(tmp_path / "values", ensemble.values)
    inputs = Inputs({"values": {None: tmp_path / "values"}})
    kinds = {"store": "weights", "rows": "rows"}
    outputs = Outputs(kinds, tmp_path, {"store": "store.safetensors", "rows": "rows.csv"})
    pack(inputs, PackParams(network=SMALL, widths=ensemble.widths), outputs, run(tmp_path))

    store = open_store(read_weights(tmp_path / "store" / "store.safetensors"))
    found = {(one["form"], one["bits"]): one for one in rows.read(tmp_path / "rows" / "rows.csv")}
    shared = sum(ensemble.values[name].nbytes for name in ensemble.about.shared())
    assert store.served == (8, 4, 2, 1)
    assert found["shared_float", 32]["bytes"] == shared
    assert found["store", 8]["bytes"] == store.bytes
    assert found["store", 8]["share"] == pytest.approx(store.bytes / shared, abs=1e-6)
    assert [found["packed", bits]["bytes"] for bits in (8, 4, 2, 1)] == sorted(
        (found["packed", bits]["bytes"] for bits in (8, 4, 2, 1)), reverse=True
    )


def measured(folder, device):
    """Run the measuring step for two small convolutions and return its record."""
    shapes = (Shape(size=4, channels=8), Shape(size=3, channels=16))
    params = SpeedParams(network=SMALL, widths=(32, 4, 1), layers=shapes)
    outputs = Outputs({"record": "measurement"}, folder, {"record": "record.json"})
    measure_speed(Inputs({}), params, outputs, run(folder, device))
    return jsonfile.read(folder / "record" / "record.json")


def test_measurement_has_every_layer_and_width(tmp_path):
    """Each convolution and the whole network is timed at each width, as often as it should be."""
    record = measured(tmp_path, HOST)

    Measurement.model_validate_json(jsonfile.dumps(record))
    layers = ("4x4x8", "3x3x16", "network")
    assert set(record["series"]) == {f"{one}-w{bits}" for one in layers for bits in (32, 4, 1)}
    assert {len(one["samples"]) for one in record["series"].values()} == {3}
    assert kernel.choose() in record["clock"]


def test_measurement_needs_the_host(tmp_path):
    """A device that is another runtime's is refused."""
    other = LitertHost(
        device="other", says="LiteRT", kind="litert", threads=1, xnnpack=True, warm_up=1,
        samples=3, tolerance=0.5,
    )  # fmt: skip
    for device in (other, None):
        with pytest.raises(HarnessError, match="measures in its own process"):
            measured(tmp_path, device)


@pytest.mark.parametrize("widths", [(8, 1), (32, 3)])
def test_widths_without_comparison_are_refused(widths):
    """A measurement without 32 bits, or with a width that no store serves, is no valid spec."""
    with pytest.raises(ValidationError):
        SpeedParams(network=SMALL, widths=widths)


def test_published_layers_are_those_of_the_network():
    """The convolutions that are measured by default are those of the stages at 224 pixels."""
    assert [(one.size, one.channels) for one in PUBLISHED] == [
        (56, 64), (28, 128), (14, 256), (7, 512),
    ]  # fmt: skip


def test_parameters_know_what_a_store_serves():
    """The widths that may be measured are those whose codes follow from the store's."""
    assert set(SERVED) == set(NESTED)
