"""Models and weights that a configuration names, and datasets of the user's own."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from connector_samples import own, props, tensors
from training_samples import CLASSES, SIZE, images_of, network, shunt

from harness.errors import HarnessError
from harness.formats import arrays
from reproductions.shunt import ShuntConnector, connector
from reproductions.shunt.architecture import describe
from reproductions.shunt.connector.agreement import DATASETS
from reproductions.shunt.connector.config import read_config
from reproductions.shunt.connector.dataset import Props, open_images, split_of_own, unbatched
from reproductions.shunt.connector.files import read_model, read_weights
from reproductions.shunt.connector.locations import Layers
from reproductions.shunt.connector.network import network_of, shunts_of, windows_of
from reproductions.shunt.connector.sections import Dataset, Model, Shunt
from reproductions.shunt.costs import saved
from reproductions.shunt.models import build
from reproductions.shunt.params.network import DeepLabV3, MobileNetV2, MobileNetV3
from reproductions.shunt.params.shunt import Placed
from reproductions.shunt.params.window import Window
from reproductions.shunt.surgery.replacement import with_shunts
from reproductions.shunt.weights import snapshot

CONFIGS = Path(connector.__file__).with_name("configs")
WINDOW = Window(first=1, last=1)


def same(one, other):
    """Tell whether two sets of weights are equal, bit for bit."""
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) for name in one
    )


def released(path, model):
    """Write the weights of `model`, also of nested ones, as the Keras of the release did."""
    with h5py.File(path, "w") as file:
        names = []
        for layer in model.layers:
            group = file.create_group(layer.name)
            names.append(layer.name.encode())
            nested = isinstance(layer, keras.Model)
            parts = layer.layers if nested else [layer]
            written = []
            for part in parts:
                for weight in part.weights:
                    depthwise = isinstance(part, keras.layers.DepthwiseConv2D)
                    before = "depthwise_" if depthwise and weight.name == "kernel" else ""
                    name = f"{part.name}/{before}{weight.name}:0"
                    group.create_dataset(name, data=np.array(weight.value))
                    written.append(name.encode())
            group.attrs["weight_names"] = written
        file.attrs["layer_names"] = names


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("my.weights.h5", lambda path, model: model.save_weights(path)),
        ("my.keras", lambda path, model: model.save(path)),
        ("my.safetensors", lambda path, model: arrays.write_weights(path, snapshot(model))),
        ("my.h5", released),
    ],
)
def test_weights_in_every_form(tmp_path, name, write):
    """What the log folder, a stage or the release has written is read into the same network."""
    source = with_shunts(network(blocks=2), {WINDOW: shunt(WINDOW)})
    target = with_shunts(network(blocks=2, seed=3), {WINDOW: shunt(WINDOW, seed=4)})
    write(tmp_path / name, source)
    read_weights("MODEL.weightspath", tmp_path / name, target)

    assert same(snapshot(target), snapshot(source))


def test_a_depthwise_kernel_of_the_release(tmp_path):
    """The name that the release's Keras had for a depthwise kernel is today's kernel."""
    entry = keras.Input((4, 4, 2))
    models = [
        keras.Model(entry, keras.layers.DepthwiseConv2D(3, name="depthwise")(entry))
        for _ in range(2)
    ]
    released(tmp_path / "my.h5", models[0])
    read_weights("SHUNT.weightspath", tmp_path / "my.h5", models[1])

    assert same(snapshot(models[0]), snapshot(models[1]))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("my.bin", b"", "of no known form"),
        ("my.h5", b"no file of HDF5", "has no weights by layer"),
        ("my.weights.h5", b"no file of HDF5", "has no weights of the network tiny"),
        ("my.keras", b"no archive", "is no model"),
        ("other.keras", None, "there is no .*other.keras"),
    ],
)
def test_files_that_are_no_weights(tmp_path, name, content, said):
    """The message names the key, the file and what is allowed; the model is as it was."""
    model = network()
    before = snapshot(model)
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(HarnessError, match=f"MODEL.weightspath: .*{said}"):
        read_weights("MODEL.weightspath", tmp_path / name, model)
    assert same(snapshot(model), before)


def test_weights_of_another_network(tmp_path):
    """They are refused whatever their form, and the model is as it was."""
    model, other = network(blocks=2), network(blocks=3)
    before = snapshot(model)
    other.save_weights(tmp_path / "my.weights.h5")
    other.save(tmp_path / "my.keras")
    (tmp_path / "npy").mkdir()

    for name in ("my.weights.h5", "my.keras", "npy"):
        with pytest.raises(HarnessError, match="tiny"):
            read_weights("MODEL.weightspath", tmp_path / name, model)
        assert same(snapshot(model), before)


def test_models_from_files(tmp_path):
    """Original model and shunt are loaded from .keras files, and final weights from weightspath."""
    network(blocks=2).save(tmp_path / "original.keras")
    shunt(WINDOW).save(tmp_path / "shunt.keras")
    shunt(WINDOW, seed=8).save_weights(tmp_path / "shunt.weights.h5")
    connector = own(
        tmp_path,
        ("MODEL", {"from_file": "yes", "filepath": tmp_path / "original.keras"}),
        ("SHUNT", {"from_file": "yes", "filepath": tmp_path / "shunt.keras", "pretrained": "yes",
                   "weightspath": tmp_path / "shunt.weights.h5"}),
        ("FINAL_MODEL", {"pretrained": "yes", "weightspath": tmp_path / "final.safetensors",
                         "test_after_shunt_insertion": "yes"}),
        blocks=0,
    )  # fmt: skip
    connector.create_original_model()
    connector.create_shunt_model()
    with pytest.raises(HarnessError, match=r"FINAL_MODEL.weightspath: there is no .*safetensors"):
        connector.create_final_model()
    wanted = {name: value + 1 for name, value in snapshot(connector.final_model).items()}
    arrays.write_weights(tmp_path / "final.safetensors", wanted)
    connector.create_final_model()

    assert same(snapshot(connector.original_model), snapshot(network(blocks=2)))
    assert same(snapshot(connector.shunt_model), snapshot(shunt(WINDOW, seed=8)))
    assert same(snapshot(connector.final_model), wanted)
    assert connector.accuracy_dict.keys() == {"shunt_inserted"}


def test_a_model_of_the_release_is_not_read(tmp_path):
    """A whole model in .h5 is refused with the way that works, and so is a missing file."""
    with pytest.raises(HarnessError, match=r"give the file as weightspath with pretrained = True"):
        read_model("MODEL.filepath", tmp_path / "original_model.h5")
    with pytest.raises(HarnessError, match=r"MODEL.filepath: there is no .keras file"):
        read_model("MODEL.filepath", tmp_path / "original_model.keras")


def test_networks_of_the_configuration():
    """Each type is the network that the stages build, and too small an image is refused."""
    common = {"width": 0.5, "image_height": 32, "image_width": 32, "classes": 7}
    for name, network_ in (
        ("MobileNetV2", MobileNetV2(family="mobilenetv2", change_stride_layers=2, **common)),
        ("MobileNetV3Small",
         MobileNetV3(family="mobilenetv3", size="small", change_stride_layers=2, **common)),
        ("MobileNetV3Large",
         MobileNetV3(family="mobilenetv3", size="large", change_stride_layers=2, **common)),
    ):  # fmt: skip
        section = Model(type=name, depth_factor=0.5, change_stride_layers=2)
        assert network_of(section, (32, 32, 3), 7) == network_
    section = Model(output_stride=16, pool_size="2,3", pool_strides="1,2")
    found = network_of(section, (64, 64, 3), 11)

    assert isinstance(found, DeepLabV3)
    assert (found.output_stride, found.pool.size, found.pool.strides) == (16, (2, 3), (1, 2))
    with pytest.raises(HarnessError, match=r"MODEL.type 'DeeplabV3_MobileNetV3Small': .*385"):
        network_of(Model(), (257, 257, 3), 19)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.cfg")), ids=lambda path: path.stem)
def test_the_shunts_of_every_example_fit_their_windows(path):
    """Each example's network takes the dataset's images, and its shunts cost less than windows."""
    config = read_config(path)
    size = DATASETS[config.dataset.name].size or config.dataset.size or (64, 64)
    network_ = describe(network_of(config.model, (*size, 3), 10))
    where = config.shunt.where
    windows = (Window(first=5, last=10),) if isinstance(where, Layers) else where

    for window, placed in zip(windows, shunts_of(config.shunt, len(windows)), strict=True):
        assert saved(network_, Placed(window=window, shunt=placed)).macs > 0


def test_the_shipped_pair_of_layers_is_translated_with_a_warning(tmp_path):
    """64,157 is no window of MobileNetV3 small; blocks 5-10 are taken, and the log says why."""
    model = build(MobileNetV3(family="mobilenetv3", size="small", change_stride_layers=2), 0)
    connector = ShuntConnector({"SHUNT": {"locations": "64,157"}}, folder=tmp_path)
    connector.set_original_model(model)
    connector.create_shunt_model()
    said = (connector.folder_name_logging / "output.log").read_text()

    assert "Warning: SHUNT.locations: the layers 64,157" in said
    assert "Taken instead: blocks 5-10, which are the layers 65,158" in said
    assert connector.desk.findings.content()["windows"] == ["5-10"]
    assert windows_of(Shunt(locations="65,158"), model) == ((Window(first=5, last=10),), [])


def test_own_datasets_are_taken_as_they_are():
    """Vectors, classes and endless datasets of the user's are the same split."""
    split = images_of(10, 3)
    ((images, labels),) = split.batches(10)
    vectors = tf.data.Dataset.from_tensor_slices((images, tf.one_hot(labels, CLASSES)))
    known = Props.of(props())
    found = [
        split_of_own(dataset, known, "test")
        for dataset in (tensors(split), vectors, tensors(split).repeat())
    ]

    for one in found:
        assert np.array_equal(one.images, images)
        assert np.array_equal(one.labels, labels)
        ((given, _),) = one.batches(10)
        assert np.array_equal(given, images)
    again = split_of_own(unbatched(split), known, "test")
    assert np.array_equal(again.images, images)
    assert np.array_equal(again.labels, labels)


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (tensors(images_of(9)), "dataset_test has 9 images, and dataset_props says 10"),
        (tensors(images_of(10)).batch(2).repeat(), r"elements are \(2, 6, 6, 2\)"),
        (tensors(images_of(10)).map(lambda image, label: (image, label + 3)), "label of image 0"),
        (tensors(images_of(10)).map(lambda image, _: (image, [0.5, 0.5, 0.0])), "no vector of"),
        (tensors(images_of(10)).map(lambda image, _: image), "not an image and a label"),
        ([1, 2], "list is no tf.data.Dataset"),
    ],
)
def test_own_datasets_that_do_not_fit(dataset, said):
    """A dataset that is too short, batched, or has other labels is refused by its field."""
    with pytest.raises(HarnessError, match=said):
        split_of_own(dataset, Props.of(props()), "test")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"task": "regression"}, "task"),
        ({"num_classes": 1}, "num_classes"),
        ({"input_shape": 3}, "input_shape is not height"),
        ({"input_shape": (32, 32)}, "input_shape"),
        ({"len_train": 3}, "len_train: Extra"),
    ],
)
def test_what_is_known_of_an_own_dataset(given, said):
    """A wrong or unknown entry of dataset_props is named with those there are."""
    with pytest.raises(HarnessError, match=f"dataset_props: {said}(.|\n)*it has task, num_classes"):
        Props.of(props(**given))
    with pytest.raises(HarnessError, match="'input_shape' is missing"):
        Props.of({"task": "classification"})


def written(folder, labels, **changes):
    """Write a folder of a dataset with images of zeros."""
    content = {}
    for part in ("train", "validation", "test"):
        content[f"{part}_images"] = np.zeros((len(labels), SIZE, SIZE, 2), np.uint8)
        content[f"{part}_labels"] = np.array(labels)
    about = {"classes": CLASSES, "maximum": 255, "mean": [0.5, 0.5], "std": [0.5, 0.5], **changes}
    arrays.write_folder(folder, content, {key: one for key, one in about.items() if one})
    return Dataset(name="cityscapes", path=str(folder))


def test_a_folder_of_a_dataset(tmp_path):
    """A folder that is there is read as it is, and one with labels out of range is refused."""
    splits, known = open_images(written(tmp_path / "good", [0, 1, 2]))

    assert (known.input_shape, known.num_classes, len(splits["test"])) == ((SIZE, SIZE, 2), 3, 3)
    with pytest.raises(HarnessError, match="the label of image 1 is 3"):
        open_images(written(tmp_path / "bad", [0, 3]))
    with pytest.raises(HarnessError, match=r"it is no dataset: about.classes is missing"):
        open_images(written(tmp_path / "less", [0, 1], classes=None))
    sized = written(tmp_path / "good", [0, 1, 2]).model_copy(update={"input_size": "7,7"})
    with pytest.raises(HarnessError, match=r"DATASET.input_size 7,7: the images in .* are 6,6"):
        open_images(sized)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    with pytest.raises(HarnessError, match=r"other files and no manifest.json"):
        open_images(Dataset(path=str(tmp_path / "full")))
