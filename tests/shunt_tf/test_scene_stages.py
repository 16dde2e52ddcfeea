"""The stages of a paper one after the other, for segmentation."""

import numpy as np
import pytest
from shunt_stage import (
    SCENE_NETWORK,
    SCENE_ONE,
    TRAINING,
    checked,
    only,
    run_step,
    write_scenes,
)

from harness.errors import HarnessError
from harness.formats import arrays, rows
from harness.stage.inputs import Inputs
from reproductions.shunt import costs
from reproductions.shunt.architecture import describe
from reproductions.shunt.data.split import read_split
from reproductions.shunt.evaluation import mean_iou, predictions, quality_of
from reproductions.shunt.finals import read_final
from reproductions.shunt.stored import read_network, read_systems
from reproductions.shunt.surgery.removal import without_blocks

SYSTEMS = {"network": SCENE_NETWORK, "systems": (SCENE_ONE,)}
ACE = {"system": "published", "distillation": {"kind": "ace"}}
FINALS = {**SYSTEMS, **TRAINING, "batch_size": 8, "finals": (ACE,)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give the folder in which all stages run."""
    return tmp_path_factory.mktemp("scenes")


@pytest.fixture(scope="module")
def scenes(folder):
    """Write the dataset."""
    return write_scenes(folder / "scenes")


@pytest.fixture(scope="module")
def original(folder, scenes):
    """Train the network as it is."""
    params = {"network": SCENE_NETWORK, **TRAINING, "batch_size": 4, "epochs": 3}
    return run_step("train_original", params, {"images": scenes}, folder)


@pytest.fixture(scope="module")
def shunts(folder, scenes, original):
    """Train one shunt."""
    params = {**SYSTEMS, **TRAINING, "learning_rate": 0.01}
    inputs = {"images": scenes, "original": original["weights"]}
    return run_step("train_shunts", params, inputs, folder)


@pytest.fixture(scope="module")
def finals(folder, scenes, original, shunts):
    """Train the network with the shunt as a whole, with the original's help."""
    inputs = {"images": scenes, "original": original["weights"], "shunts": shunts["weights"]}
    return run_step("train_final", FINALS, inputs, folder)


@pytest.fixture(scope="module")
def read(scenes, original, shunts, finals):
    """Return the inputs of a stage after all the others."""
    found = {"images": scenes, "original": original["weights"], "finals": finals["weights"]}
    return Inputs({name: {None: path} for name, path in found.items()})


@pytest.fixture(scope="module")
def params():
    """Validate the parameters of the final training."""
    return checked("train_final", FINALS)


@pytest.fixture(scope="module")
def model(read, params):
    """Read the original network."""
    return read_network(read, "original", params.network)


@pytest.fixture(scope="module")
def final(read, params, model):
    """Read the network after its final training."""
    (system,) = read_systems(read, params)
    return read_final(read, "finals", model, params.network, params.finals[0], system)


def test_scenes_are_scored_by_mean_iou(original, read, params, model):
    """The original's row is of the task segmentation, and its weights have the mean IoU in it."""
    row = only(original["scores"])
    test = read_split(read, "test", params.network)

    assert (row["task"], row["measure"], row["drop"]) == ("segmentation", "mean IoU", 0)
    assert row["score"] == mean_iou(model, test, 4) == quality_of(test, predictions(model, test, 4))
    assert row["validation_score"] == max(
        one["validation_mean_iou"] for one in rows.read(original["history"])
    )


def test_costs_of_the_network_with_a_shunt(original, shunts, finals, params):
    """All rows of the system have the parameters and multiply-adds of its description."""
    whole = describe(params.network)
    cost = costs.with_shunts(whole, params.systems[0])
    found = [*rows.read(shunts["scores"]), *rows.read(finals["scores"])]

    assert only(original["scores"])["macs"] == whole.macs
    assert [(row["state"], row["distillation"]) for row in found] == [
        ("inserted", "none"), ("imitating", "none"), ("final", "ace"),
    ]  # fmt: skip
    for row in found:
        assert (row["parameters"], row["macs"]) == (cost.parameters, cost.macs)
        assert row["drop"] == only(original["scores"])["score"] - row["score"]
        assert row["measure"] == "mean IoU"


def test_quotients_of_a_segmentation(scenes, original, read, params, model, tmp_path):
    """They are shares of the mean IoU on the validation scenes, one for each residual block."""
    how = {"network": SCENE_NETWORK, "windows": ("5-10",), "batch_size": 4}
    inputs = {"images": scenes, "weights": original["weights"]}
    found = run_step("measure_knowledge", how, inputs, tmp_path)
    row, full = only(found["rows"], window="5-5"), only(original["scores"])["validation_score"]
    validation = read_split(read, "validation", params.network)
    residual = [block.ordinal for block in describe(params.network).blocks if block.residual]

    assert (row["task"], row["full_score"]) == ("segmentation", full)
    assert row["score"] == mean_iou(without_blocks(model, [5]), validation, 4)
    assert row["quotient"] == 1 - row["score"] / full
    assert [one["window"] for one in rows.read(found["rows"])] == [
        *(f"{at}-{at}" for at in residual), "5-10",
    ]  # fmt: skip


def test_the_final_network_is_read_as_it_was_scored(finals, read, params, final):
    """Its stored weights have the mean IoU of its row."""
    test = read_split(read, "test", params.network)

    assert only(finals["scores"])["score"] == mean_iou(final, test, 4)


def test_examples_are_what_the_networks_answer(folder, scenes, original, finals, model, final):
    """The first test scenes stand beside their masks and what both networks say of each pixel."""
    how = {**SYSTEMS, "final": ACE, "images": 2}
    weights = {"original": original["weights"], "finals": finals["weights"]}
    found = run_step("segment_examples", how, {"images": scenes, **weights}, folder)["examples"]
    values, given, about = (
        arrays.read_folder(found),
        arrays.read_folder(scenes),
        arrays.about(found),
    )

    assert list(values) == ["final", "images", "original", "truth"]
    np.testing.assert_array_equal(values["images"], given["test_images"][:2])
    np.testing.assert_array_equal(values["truth"], given["test_labels"][:2])
    inputs = given["test_images"][:2] / np.float32(127.5) - 1
    for name, network in (("original", model), ("final", final)):
        answered = np.asarray(network(inputs, training=False)).argmax(-1)
        assert (values[name].shape, values[name].dtype) == ((2, 33, 33), np.uint8)
        assert (values[name] == answered).mean() > 0.999
    assert about["class_names"] == ["ground", "red", "blue"]
    assert about["ignore"] == 255


def test_examples_of_a_training_that_was_not_made(folder, scenes, original, finals):
    """The message has the training that the stored weights lack."""
    how = {**SYSTEMS, "final": {"system": "published"}}
    weights = {"original": original["weights"], "finals": finals["weights"]}

    with pytest.raises(HarnessError, match="'published plain' are not of the network"):
        run_step("segment_examples", how, {"images": scenes, **weights}, folder / "none")
