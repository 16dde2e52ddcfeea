"""The step that holds the packed engine against MXNet."""

import numpy as np
import pytest
from ensemble_gluon_samples import WIDTHS, ensemble, gradients
from ensemble_training_stage import NETWORK, run_step, write_images
from mxnet import nd

from harness.errors import HarnessError
from harness.formats import arrays, rows
from reproductions.ensemble_kd.data.split import split_of
from reproductions.ensemble_kd.gluon.parameters import load, values

ENSEMBLE = {"network": NETWORK, "widths": WIDTHS}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Give images, the values of an ensemble that has seen them, and its store."""
    folder = tmp_path_factory.mktemp("served")
    images = write_images(folder / "images")
    train = split_of(arrays.read_folder(images), arrays.about(images), "train")
    network = ensemble(classes=3)
    for _ in range(20):
        gradients(network, nd.array(next(train.batches(40)).inputs))
    arrays.write_weights(folder / "values.safetensors", values(network))
    found = {"images": images, "values": folder / "values.safetensors"}
    packed = run_step("pack", ENSEMBLE, {"values": found["values"]}, folder)
    return found | {"store": packed["store"]}


def test_the_engine_answers_as_mxnet_does(inputs, tmp_path):
    """Every width that the store serves gives the class that MXNet gives, and near logits.

    A normalised value at the edge of two codes may fall on either side, the likelier the more
    codes there are.
    """
    found = run_step("serve", ENSEMBLE, inputs, tmp_path)
    table = rows.read(found["rows"])

    assert [row["bits"] for row in table] == list(WIDTHS)
    assert table[0]["accuracy_packed"] is None
    for row in table[1:]:
        assert row["same_class"] == 100
        assert row["accuracy_packed"] == row["accuracy_float"]
        assert row["largest_difference"] < (1e-3 if row["bits"] <= 2 else 1)


def test_answers_hold_the_images_that_gave_them(inputs, tmp_path):
    """Another framework can answer the same: logits of every width, and normalised images.

    Those of double precision are rounded to single.
    """
    found = arrays.read_folder(run_step("serve", ENSEMBLE, inputs, tmp_path)["answers"])
    network = ensemble(classes=3)

    load(network, arrays.read_weights(inputs["values"]), "a copy")
    network.hybridize()

    names = [f"bits{bits}" for bits in WIDTHS]
    assert found.keys() == {"images", *names, *(f"{name}_double" for name in names)}
    assert found["images"].shape == (21, 1, 8, 8)
    logits = network(nd.array(found["images"])).asnumpy()
    for place, bits in enumerate(WIDTHS):
        np.testing.assert_array_equal(found[f"bits{bits}"], logits[place])
        doubled = found[f"bits{bits}_double"]
        assert doubled.dtype == np.float32
        assert (doubled != logits[place]).any()
        apart = np.abs(doubled - logits[place]).max(1)
        near = apart < 1e-5 * np.abs(logits[place]).max()
        # Beyond are images of which an activation lies on the edge between two codes.
        assert near.mean() > 0.9


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"widths": (32, 8)}, "left over"),
        ({"quantisation": {"padding": "minus_one"}}, "packed with another quantisation"),
    ],
)
def test_a_store_of_another_ensemble_is_refused(inputs, change, said, tmp_path):
    """The error tells in what they differ."""
    with pytest.raises(HarnessError, match=said):
        run_step("serve", ENSEMBLE | change, inputs, tmp_path)
