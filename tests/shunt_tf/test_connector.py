"""The authors' interface: their example on the embedded digits, step by step, and its files."""

import configparser
import json

import keras
import numpy as np
import pytest
from connector_samples import example

from reproductions.shunt import ShuntConnector
from reproductions.shunt.connector.config import read_config
from reproductions.shunt.connector.counts import flops
from reproductions.shunt.params.window import Window
from reproductions.shunt.surgery.cost import cost
from reproductions.shunt.surgery.region import region

NETWORKS = {"original", "final"}
HISTORIES = {
    "original": {"loss", "val_loss", "categorical_accuracy", "val_categorical_accuracy"},
    "shunt": {"loss", "val_loss", "mse_5-10", "val_mse_5-10", "regulariser_5-10"},
}
HISTORIES["final"] = HISTORIES["original"]


@pytest.fixture(scope="module")
def connector(tmp_path_factory):
    """Give the connector that has gone through all ten steps of the example."""
    folder = tmp_path_factory.mktemp("example")
    (folder / "standard.cfg").write_text(example(folder / "digits"))

    config = configparser.ConfigParser()
    config.read(folder / "standard.cfg")
    connector = ShuntConnector(config, folder=folder)
    connector.execute()

    return connector


@pytest.fixture(scope="module")
def log(connector):
    """Give its log folder."""
    return connector.folder_name_logging


def test_the_log_folder_has_every_file(log):
    """Models, weights, histories, configuration, log and summary have the published names."""
    names = {path.relative_to(log).as_posix() for path in log.rglob("*") if path.is_file()}

    assert names == {"config.cfg", "output.log", "summary.json"} | {
        f"{name}_model{ending}"
        for name in HISTORIES
        for ending in (".keras", "_weights.weights.h5")
    } | {
        f"training_{name}_model_history/{column}.npy"
        for name, columns in HISTORIES.items()
        for column in columns | {"lr", "regulariser"}
    }
    assert log.parent.parent.name == "log"
    assert len(log.name.split("_")) == 3
    assert len(log.parent.name) == 8


def test_models_and_weights_load_again(connector, log):
    """A model that is read from its file, with the trained weights, gives the same outputs."""
    images = np.random.default_rng(0).random((2, 8, 8, 1), dtype=np.float32)
    for name in NETWORKS:
        trained = getattr(connector, f"{name}_model")
        model = keras.saving.load_model(log / f"{name}_model.keras", compile=False)
        model.load_weights(log / f"{name}_model_weights.weights.h5")

        assert np.array_equal(model(images, training=False), trained(images, training=False))
    shunt = keras.saving.load_model(log / "shunt_model.keras", compile=False)
    shunt.load_weights(log / "shunt_model_weights.weights.h5")
    maps = np.random.default_rng(1).random((2, *shunt.input_shape[1:]), dtype=np.float32)

    assert np.array_equal(shunt(maps), connector.shunt_model(maps, training=False))


def test_histories_have_one_number_an_epoch(log):
    """Every column of a history is an array of finite numbers, one for the one epoch."""
    arrays = [np.load(path, allow_pickle=False) for path in log.rglob("*.npy")]

    assert all(array.shape == (1,) and np.isfinite(array).all() for array in arrays)
    rate = np.load(log / "training_shunt_model_history" / "lr.npy")
    assert rate == [connector_rate(log)]


def connector_rate(log):
    """Return the learning rate of the shunts in the configuration that the folder keeps."""
    return read_config(log / "config.cfg").training_shunt_model.base_learning_rate


def test_the_folder_keeps_the_configuration(connector, log):
    """The kept configuration is the one that ran, and can run again."""
    assert read_config(log / "config.cfg") == connector.config


def test_what_was_measured(connector):
    """Accuracies are those of the test images, as shares, and the shunt has its squared error."""
    found = connector.accuracy_dict

    assert found.keys() == {"original", "shunt", "shunt_inserted", "final"}
    shares = [found[name] * 359 for name in ("original", "shunt_inserted", "final")]
    assert [round(share) for share in shares] == pytest.approx(shares)
    assert found["shunt"] > 0
    for taken in connector.latency_dict.values():
        assert 0 < taken["min"] <= taken["lower_quartile"] <= taken["median"]
        assert taken["median"] <= taken["upper_quartile"]
    assert connector.latency_dict.keys() == NETWORKS


def test_multiply_adds_count_the_shunt(connector):
    """The final model's are the original's less the window's and with the shunt's."""
    counted = connector.flops_dict
    window = region(connector.original_model, Window(first=5, last=10)).cost.macs

    totals = {name: counts["total"] for name, counts in counted.items()}
    assert totals["final"] == totals["original"] - window + totals["shunt"]
    assert totals["final"] == cost(connector.final_model).macs
    for counts in counted.values():
        assert counts["total"] == sum(n for kind, n in counts.items() if kind != "total")
    assert counted["original"]["depthwise_conv2d"] > 0


def test_the_network_of_the_release_s_notebook():
    """MobileNetV3 small on CIFAR-10 has the depthwise multiply-adds that its notebook prints."""
    from reproductions.shunt.models import build
    from reproductions.shunt.params.network import MobileNetV3

    network = MobileNetV3(family="mobilenetv3", size="small", change_stride_layers=2)

    assert flops(build(network, 0))["depthwise_conv2d"] == 2_436_096


def test_knowledge_quotients(connector):
    """Each residual block has its layers, as the release counts them, and its quotient."""
    layers = [layer.name for layer in connector.original_model.layers]
    found = connector.know_quot

    assert [layers[last] for _, last, _ in found] == [
        f"expanded_conv_{block}_Add" for block in (2, 4, 5, 6, 7, 9, 10)
    ]
    assert all(layers[before + 1].startswith("expanded_conv_") for before, _, _ in found)
    assert all(quotient <= 1 for _, _, quotient in found)


def test_log_and_summary_tell_the_same(connector, log):
    """The log has a line for each step, and summary.json has what they say as data."""
    said = (log / "output.log").read_text()
    summary = json.loads((log / "summary.json").read_text())

    assert "Dataset digits: 1294 train, 144 validation, 359 test images" in said
    assert 'Model: "mobilenetv3small"' in said
    assert "knowledge quotient" in said
    assert "Speed up, multiply adds: " in said
    assert summary["windows"] == ["5-10"]
    assert summary["warnings"] == []
    assert summary["multiply_adds"] == connector.flops_dict
    assert summary["accuracy"] == connector.accuracy_dict
    assert summary["latency_ms"] == connector.latency_dict
    assert [one["quotient"] for one in summary["knowledge_quotients"]] == [
        quotient for _, _, quotient in connector.know_quot
    ]
    totals = [connector.flops_dict[name]["total"] for name in ("original", "final")]
    assert summary["speed_up_percent"]["multiply_adds"] == 100 * (totals[0] - totals[1]) / totals[0]


def test_the_dataset_is_there_as_in_the_release(connector):
    """The three parts are unbatched tf.data of images and vectors, and their lengths are known."""
    known = connector.dataset_props

    assert known["input_shape"] == (8, 8, 1)
    for part, length in (("train", 1294), ("val", 144), ("test", 359)):
        dataset = getattr(connector, f"dataset_{part}")
        image, label = next(iter(dataset))
        assert (len(dataset), known[f"len_{part}_data"]) == (length, length)
        assert (image.shape, label.shape, float(sum(label))) == ((8, 8, 1), (10,), 1.0)
