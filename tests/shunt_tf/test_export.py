"""Networks in LiteRT: they are Keras's networks, and their bytes are the same in every process."""

import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import export_samples
import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from export_samples import CLASSES, SHAPE, SIZE, family, images, network
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from reproductions.shunt.determinism import settle
from reproductions.shunt.export.canonical import canonical
from reproductions.shunt.export.comparison import export_all, likeness, outputs_of, representative
from reproductions.shunt.export.conversion import to_litert
from reproductions.shunt.export.litert import Litert
from reproductions.shunt.params.export import Export

settle()

SEGMENTS = pytest.mark.parametrize("segments", [False, True], ids=["classes", "segments"])


@cache
def model(segments):
    """Give one small network, made once."""
    return network(segments=segments)


@cache
def exported(segments, precision="float32", ends="int8"):
    """Give its flatbuffer, made once."""
    calibration = images() if precision == "int8" else None
    return to_litert(model(segments), precision, calibration, ends)


def keras_outputs(segments, pictures):
    """Return what Keras says of `pictures`."""
    return np.asarray(model(segments)(pictures, training=False))


def tensors(content):
    """Return what LiteRT tells of all tensors of a flatbuffer, without a delegate's own."""
    interpreter = Interpreter(model_content=content)
    return interpreter.get_tensor_details(), interpreter._get_ops_details()


def score(classes):
    """Count the first class, in percent."""
    return 100 * float((classes == 0).mean())


@SEGMENTS
@pytest.mark.parametrize("xnnpack", [True, False])
def test_single_precision_is_keras(segments, xnnpack):
    """An output of LiteRT is within 1e-5 of Keras, with and without XNNPACK, for all images."""
    pictures = images(9, seed=3)
    wanted = keras_outputs(segments, pictures)

    found = Litert(exported(segments), xnnpack=xnnpack)(pictures)

    assert found.shape == wanted.shape
    assert found.dtype == np.float32
    assert np.abs(found - wanted).max() <= 1e-5
    assert np.ptp(wanted) > 0.5  # it is sure of something, so that the difference means something


@cache
def exported_family(name):
    """Give one of the three families and its flatbuffer, made once."""
    whole = family(name)
    return whole, to_litert(whole)


@pytest.mark.parametrize("name", sorted(export_samples.NETWORKS))
def test_every_family_is_exported(name):
    """MobileNetV2, MobileNetV3 and DeepLabV3 give within 1e-5 what they give in Keras."""
    whole, content = exported_family(name)
    pictures = images(3, whole.input_shape[1:])

    found = Litert(content)(pictures)

    assert np.abs(found - np.asarray(whole(pictures, training=False))).max() <= 1e-5


@SEGMENTS
def test_eight_bits_mostly_agree(segments):
    """Rounded to 8 bits, most images or pixels keep their class."""
    pictures = images(20, seed=3)
    wanted = outputs_of(model(segments), pictures)
    found = likeness(wanted, Litert(exported(segments, "int8")), pictures, score)

    assert found.agreement >= 90
    assert 0 < found.difference < 0.3


def test_eight_bits_take_a_quarter_of_the_room():
    """A network of a useful size takes about a quarter of its bytes in single precision."""
    whole, single = exported_family("mobilenetv2")
    rounded = to_litert(whole, "int8", images(2, (32, 32, 3)))

    assert 0.2 < len(rounded) / len(single) < 0.4


def test_eight_bits_are_whole_numbers_throughout():
    """No tensor of an 8-bit network holds floating-point numbers, from its input to its output."""
    for segments in (False, True):
        details, _ = tensors(exported(segments, "int8"))

        assert {one["dtype"] for one in details} <= {np.int8, np.int32}


def test_ends_may_stay_in_single_precision():
    """With `ends: float32` images go in and probabilities come out as they are."""
    content = exported(False, "int8", "float32")
    pictures = images(8, seed=3)
    interpreter = Interpreter(model_content=content)
    ends = [*interpreter.get_input_details(), *interpreter.get_output_details()]

    assert [one["dtype"] for one in ends] == [np.float32, np.float32]
    assert not Litert(content).whole
    assert Litert(exported(False, "int8")).whole
    np.testing.assert_array_equal(
        Litert(content)(pictures), Litert(exported(False, "int8"))(pictures)
    )


def test_one_image_at_a_time():
    """The size of the batch is fixed at one image."""
    (first,) = Interpreter(model_content=exported(False)).get_input_details()

    assert list(first["shape_signature"]) == [1, *SHAPE]
    assert Litert(exported(False)).shape == (1, *SHAPE)


def test_the_nested_shunt_is_there():
    """The layers of a sub-model are exported with the others: its convolutions are counted."""
    _, operations = tensors(exported(False))
    names = [one["op_name"] for one in operations]

    assert names.count("CONV_2D") == 3  # the stem, the excitation and the shunt's
    assert names.count("DEPTHWISE_CONV_2D") == 1
    # Normalisation is part of the convolutions, and dropout is gone.
    assert not {"SQRT", "DIV", "RSQRT", "RANDOM_UNIFORM"}.intersection(names)


def test_the_model_is_left_as_it_was():
    """An export changes no weight, nor a running mean."""
    whole = network(7)
    before = whole.get_weights()
    to_litert(whole)

    for old, new in zip(before, whole.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_bytes_are_the_same_in_every_process():
    """Two processes give the same bytes, though one made other networks before."""
    ours = export_samples.digests()
    command = [sys.executable, str(Path(export_samples.__file__)), "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ours


@SEGMENTS
def test_canonical_form_says_the_same(segments):
    """Without names and in the order of use a flatbuffer computes the same bits as before."""
    with redirect_stdout(StringIO()):
        raw = tf.lite.TFLiteConverter.from_keras_model(model(segments)).convert()
    ours = canonical(raw)
    pictures = images(3)

    np.testing.assert_array_equal(Litert(ours)(pictures), Litert(raw)(pictures))
    assert canonical(ours) == ours
    assert b"stem" in raw
    assert b"stem" not in ours
    assert abs(len(ours) - len(exported(segments))) < 500


def test_eight_bits_need_images():
    """int8 without images, or with some of another size, is refused with what is needed."""
    for calibration in (None, images(0), images(2, (8, 8, 3))):
        with pytest.raises(HarnessError, match=r"int8 needs images \(N, 16, 16, 3\)"):
            to_litert(model(False), "int8", calibration)


def test_images_of_any_size_cannot_be_exported():
    """A model without a fixed size, or with two outputs, is refused by name."""
    entry = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(2, 1)(entry)
    fixed = keras.Input((4, 4, 3))
    y = keras.layers.Conv2D(2, 1)(fixed)

    for whole in (
        keras.Model(entry, x, name="loose"),
        keras.Model(fixed, [y, y + 1], name="loose"),
    ):
        with pytest.raises(HarnessError, match="'loose' takes"):
            to_litert(whole)


def test_what_litert_cannot_say_is_told():
    """A layer without a counterpart stops the export, with the model's name and the operation's."""
    entry = keras.Input((4, 4, 1), name="entry")
    odd = keras.layers.Lambda(lambda x: tf.math.igamma(2.0, x), name="odd", output_shape=(4, 4, 1))

    with pytest.raises(HarnessError, match=r"(?s)'strange' cannot be exported.*Igamma"):
        to_litert(keras.Model(entry, odd(entry), name="strange"))


@pytest.mark.parametrize("content", [b"", b"no network", exported(False)[:200]])
def test_other_bytes_are_no_network(content):
    """What is no flatbuffer is refused."""
    with pytest.raises(HarnessError, match=f"LiteRT cannot run these {len(content)} bytes"):
        Litert(content)


def test_an_image_of_another_size_is_refused():
    """An image that does not fit is told with both sizes."""
    with pytest.raises(HarnessError, match=r"an image is \(8, 8, 3\), and the network takes"):
        Litert(exported(False))(images(1, (8, 8, 3)))


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_input_is_rounded_to_the_nearest_step(seed, size):
    """A stored 8-bit image is half a step off at most, or at an end of the range."""
    runner = Litert(exported(False, "int8"))
    scale, zero = runner._input["quantization"]
    (image,) = size * images(1, seed=seed)
    stored = runner._stored(image).astype(np.float64)
    again = scale * (stored - zero)
    inside = (stored > -128) & (stored < 127)

    assert np.abs(again - image)[inside].max(initial=0) <= 0.5001 * scale
    assert np.all((again >= image - 0.5001 * scale)[stored == -128])
    assert np.all((again <= image + 0.5001 * scale)[stored == 127])


def test_all_networks_in_all_precisions():
    """Every network gets a flatbuffer and a row for each precision, held against Keras."""
    models = {"original": model(False), "final": network(2)}
    pictures = images(40, seed=3)
    found = export_all(models, images(), pictures, score, Export())

    names = [(row["network"], row["precision"]) for row in found.rows]
    assert names == [
        ("original", "float32"), ("original", "int8"), ("final", "float32"), ("final", "int8"),
    ]  # fmt: skip
    assert [f"{network}-{precision}" for network, precision in names] == list(found.arrays)
    for row, content in zip(found.rows, found.arrays.values(), strict=True):
        assert content.dtype == np.uint8
        assert row["bytes"] == len(content)
        if row["precision"] == "float32":
            assert row["difference"] <= 1e-5
            assert row["agreement"] == 100
    assert found.arrays["original-float32"].tobytes() == exported(False)
    wanted = keras_outputs(False, pictures).argmax(axis=-1)
    assert found.rows[0]["score"] == score(wanted)


def test_pixels_are_scored_as_maps():
    """A segmentation's score gets the class of every pixel of every image."""
    seen = []

    def remember(classes):
        seen.append(classes.shape)
        return 50.0

    found = export_all({"only": model(True)}, images(2), images(35), remember, SINGLE)

    assert seen == [(35, SIZE, SIZE)]
    assert found.rows[0]["score"] == 50
    assert keras_outputs(True, images(1)).shape == (1, SIZE, SIZE, CLASSES)


SINGLE = Export(precisions=("float32",))


def test_a_network_that_differs_is_no_export():
    """Beyond the tolerance, and with NaN among the weights, the export stops and names it."""
    tight = Export(precisions=("float32",), tolerance=1e-30)
    with pytest.raises(HarnessError, match=r"'sure' in LiteRT differs from Keras by .*1e-30"):
        export_all({"sure": model(False)}, images(2), images(4), score, tight)

    broken = network(3)
    broken.get_layer("classes").bias.assign([np.nan] * CLASSES)
    with pytest.raises(HarnessError, match="'broken' in LiteRT differs from Keras by nan"):
        export_all({"broken": broken}, images(2), images(4), score, SINGLE)


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_representative_images_are_drawn_by_seed(available, count, seed):
    """As many positions as asked for, or all, each once, ascending; the same for the same seed."""
    found, again = (
        representative(available, count, np.random.Generator(np.random.PCG64(seed)))
        for _ in range(2)
    )

    assert list(found) == list(again)
    assert len(found) == min(available, count)
    assert list(found) == sorted(set(found.tolist()) & set(range(available)))
