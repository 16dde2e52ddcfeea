"""Checkpoints of TensorFlow 1, to .npy files and into a model."""

import numpy as np
import pytest
import tensorflow as tf
from network_samples import DEEPLAB, images, network, sample

from harness.errors import HarnessError
from reproductions.shunt import models
from reproductions.shunt.checkpoint import convert_checkpoint_to_npy, file_name, load_npy
from reproductions.shunt.determinism import settle
from reproductions.shunt.weights import snapshot

settle()

HEAD = {
    "image_pooling": "image_pooling",
    "aspp0": "aspp0",
    "decoder_decoder_conv0": "decoder/decoder_conv0",
    "decoder_feature_projection0": "decoder/feature_projection0",
}
"""Scopes of the head's layers in the checkpoints of DeepLab."""
PIECES = ("squeeze_excite", "expand", "depthwise", "project")


def scope(layer):
    """Return the scope of a layer's variables in the checkpoints of DeepLab."""
    bare = layer.removesuffix("_BN")
    if bare in HEAD:
        return HEAD[bare]
    if not bare.startswith("expanded_conv"):
        return f"MobilenetV3/{bare}"
    for piece in PIECES:
        block, found, rest = bare.partition(f"_{piece}")
        if found:
            block = block.removesuffix("_0") if block == "expanded_conv_0" else block
            return f"MobilenetV3/{block}/{piece}{rest.replace('_Conv', '/Conv')}"
    raise AssertionError(layer)


def variable_name(name):
    """Return the name that DeepLab's checkpoints have for our weight `name`."""
    layer, _, weight = name.partition("/")
    if layer.endswith("_BN"):
        return f"{scope(layer)}/BatchNorm/{weight}"
    kernel = "depthwise_weights" if layer.endswith("_depthwise") else "weights"
    return f"{scope(layer)}/{kernel if weight == 'kernel' else 'biases'}"


def save(values, prefix):
    """Write a checkpoint as TensorFlow 1 does, with the slots of a momentum optimiser."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        made = [
            tf.compat.v1.get_variable(name, initializer=value, use_resource=False)
            for name, value in values.items()
        ]
        step = tf.compat.v1.train.get_or_create_global_step()
        loss = tf.add_n([tf.reduce_sum(one) for one in made])
        optimiser = tf.compat.v1.train.MomentumOptimizer(0.1, 0.9)
        optimiser.minimize(loss, var_list=made, global_step=step)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(prefix), write_meta_graph=False)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Return the prefix of a checkpoint that holds the weights of the DeepLab sample."""
    prefix = tmp_path_factory.mktemp("checkpoint") / "model.ckpt-30000"
    save({variable_name(name): value for name, value in snapshot(sample(3)).items()}, prefix)
    return prefix


@pytest.fixture(scope="module")
def folder(checkpoint, tmp_path_factory):
    """Return the folder of the checkpoint's .npy files."""
    made = tmp_path_factory.mktemp("npy") / "new"
    convert_checkpoint_to_npy(checkpoint, made)
    return made


def test_checkpoint_has_the_names_of_the_release(checkpoint):
    """The checkpoint of these tests has names, and slots, as those that the release converts."""
    names = {name for name, _ in tf.train.list_variables(str(checkpoint))}

    assert {
        "MobilenetV3/Conv/weights",
        "MobilenetV3/expanded_conv/depthwise/depthwise_weights",
        "MobilenetV3/expanded_conv/squeeze_excite/Conv_1/biases",
        "MobilenetV3/expanded_conv_10/expand/BatchNorm/moving_mean",
        "MobilenetV3/expanded_conv_10/project/BatchNorm/gamma/Momentum",
        "MobilenetV3/Conv_1/BatchNorm/beta",
        "image_pooling/biases",
        "aspp0/BatchNorm/gamma",
        "decoder/feature_projection0/weights",
        "global_step",
    } <= names


@pytest.mark.parametrize(
    ("variable", "file"),
    [
        ("MobilenetV3/Conv/weights", "Conv_kernel"),
        ("MobilenetV3/Conv/BatchNorm/gamma", "Conv_BN_gamma"),
        (
            "MobilenetV3/expanded_conv/depthwise/depthwise_weights",
            "expanded_conv_depthwise_depthwise_kernel",
        ),
        (
            "MobilenetV3/expanded_conv_3/squeeze_excite/Conv/biases",
            "expanded_conv_3_squeeze_excite_Conv_bias",
        ),
        ("image_pooling/biases", "image_pooling_bias"),
        ("decoder/decoder_conv0/weights", "decoder_decoder_conv0_kernel"),
    ],
)
def test_published_naming_rules(variable, file):
    """A variable's file is named by the published rules."""
    assert file_name(variable) == file


def test_conversion_leaves_the_optimiser_out(checkpoint, folder, tmp_path):
    """Every variable but the optimiser's slots becomes a file, in a folder that is made."""
    names = convert_checkpoint_to_npy(checkpoint, tmp_path / "again")

    assert names == tuple(sorted(path.stem for path in folder.iterdir()))
    assert len(names) == len(sample(3).weights) + 1
    assert not any("Momentum" in name for name in names)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_weights_of_a_checkpoint_give_the_same_outputs(folder):
    """A model that loads the files gives the outputs of the one in the checkpoint."""
    model = models.build(network(DEEPLAB), 2)
    left_over = load_npy(model, folder)

    x = images(model)
    np.testing.assert_array_equal(model(x), sample(3)(x))
    assert left_over == ("global_step",)


def test_nested_models_load_too(folder):
    """The layers of a nested model take their files as any layer does."""
    import keras

    inner = models.build(network(DEEPLAB), 2)
    image = keras.Input(inner.input_shape[1:])
    load_npy(keras.Model(image, inner(image)), folder)

    x = images(inner)
    np.testing.assert_array_equal(inner(x), sample(3)(x))


def test_files_that_do_not_fit_are_named(folder, tmp_path):
    """What is missing, left over or of another shape is named, all at once; nothing changes."""
    for path in folder.iterdir():
        if path.stem != "aspp0_kernel":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    np.save(tmp_path / "Conv_kernel.npy", np.zeros((3, 3, 1, 16), np.float32))
    np.save(tmp_path / "Conv_1_BN_beta.npy", np.zeros(288, np.int64))
    np.save(tmp_path / "strange_kernel.npy", np.zeros(3, np.float32))
    model = models.build(network(DEEPLAB), 2)
    before = snapshot(model)

    with pytest.raises(HarnessError) as caught:
        load_npy(model, tmp_path)
    assert caught.value.message.splitlines()[1:] == [
        "  Conv_kernel.npy has the shape (3, 3, 1, 16) and not (3, 3, 3, 16)",
        "  Conv_1_BN_beta.npy is of type int64 and not of decimals",
        "  aspp0_kernel.npy is missing",
        "  global_step.npy is left over",
        "  strange_kernel.npy is left over",
    ]
    for name, value in snapshot(model).items():
        np.testing.assert_array_equal(value, before[name])


def test_weights_of_another_network_are_refused(folder):
    """The files of DeepLab are refused by MobileNetV2."""
    with pytest.raises(HarnessError, match="not the weights of mobilenetv2") as caught:
        load_npy(sample(0), folder)
    lines = caught.value.message.splitlines()
    assert len(lines) == 1 + 2 * 11
    assert lines[1].startswith("  expanded_conv_project_kernel.npy has the shape")
    assert lines[11].endswith(" more")
    assert lines[12] == "  Conv_1_BN_beta.npy is left over"


@pytest.mark.parametrize("content", [b"", b"no array", None])
def test_damaged_files_are_refused(folder, tmp_path, content):
    """A file that is no plain array is refused with its name; nothing is unpickled."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damaged = tmp_path / "aspp0_kernel.npy"
    if content is None:
        np.save(damaged, np.array([{}], object), allow_pickle=True)
    else:
        damaged.write_bytes(content)

    with pytest.raises(HarnessError, match=r"aspp0_kernel\.npy: cannot be read as \.npy"):
        load_npy(sample(3), tmp_path)


def test_no_folder(tmp_path):
    """A folder that is not there is refused."""
    with pytest.raises(HarnessError, match="there is no such folder"):
        load_npy(sample(3), tmp_path / "nowhere")


def test_no_checkpoint(tmp_path):
    """A checkpoint that is not there is refused, and no folder is made."""
    with pytest.raises(HarnessError, match=r"nothing\.ckpt: cannot be read"):
        convert_checkpoint_to_npy(tmp_path / "nothing.ckpt", tmp_path / "npy")
    assert not (tmp_path / "npy").exists()


def test_damaged_checkpoints_are_refused(checkpoint, tmp_path):
    """A checkpoint whose data was cut off is refused."""
    for path in checkpoint.parent.glob("model*"):
        content = path.read_bytes()
        data = ".data-" in path.name
        (tmp_path / path.name).write_bytes(content[: len(content) // 2] if data else content)

    with pytest.raises(HarnessError, match=r"model\.ckpt-30000: cannot be read"):
        convert_checkpoint_to_npy(tmp_path / checkpoint.name, tmp_path / "npy")


def test_checkpoints_of_objects_are_refused(tmp_path):
    """A checkpoint of TensorFlow 2, whose names are those of objects, is refused."""
    prefix = tf.train.Checkpoint(one=tf.Variable(1.0)).write(str(tmp_path / "two"))

    with pytest.raises(HarnessError, match="the checkpoint is not of TensorFlow 1"):
        convert_checkpoint_to_npy(prefix, tmp_path / "npy")


def test_two_variables_for_one_file(tmp_path):
    """Two variables whose names become one are refused, and nothing is written."""
    save({"a/b/weights": np.zeros(1, "f"), "a_b/weights": np.ones(1, "f")}, tmp_path / "model")

    with pytest.raises(HarnessError, match=r"a_b_kernel\.npy, one of them 'a_b/weights'"):
        convert_checkpoint_to_npy(tmp_path / "model", tmp_path / "npy")
    assert not (tmp_path / "npy").exists()
