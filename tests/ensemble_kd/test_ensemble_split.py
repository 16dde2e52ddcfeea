"""The images: order, random changes, normalisation and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from reproductions.ensemble_kd.data.augmentation import Changes
from reproductions.ensemble_kd.data.check import check_fit, check_images
from reproductions.ensemble_kd.data.order import ordered, steps_of
from reproductions.ensemble_kd.data.split import Split, split_of
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.training import Shift


def sample(count=10, channels=2):
    """Return a split of small images, no two of which are alike."""
    size = (count, 4, 4, channels)
    images = np.random.default_rng(0).integers(0, 17, size).astype(np.uint8)
    return Split(images, np.arange(count) % 3, 16.0, (0.5,) * channels, (0.25,) * channels, 3)


@given(st.integers(2, 50), st.integers(2, 20), st.integers(0, 2**32))
def test_every_batch_is_whole(count, size, seed):
    """An epoch has whole batches alone, and shows no image twice."""
    order = ordered(count, size, np.random.default_rng(seed))
    shown = np.concatenate(order)

    assert len(order) == steps_of(count, size)
    assert {len(index) for index in order} == {min(count, size)}
    assert len(set(shown.tolist())) == len(shown)


def test_images_are_normalised_channels_first():
    """A network gets (x / maximum - mean) / std, (B, C, H, W) in single precision."""
    split = sample()
    batch = next(split.batches(4))

    expected = (split.images[:4].transpose(0, 3, 1, 2) / 16 - 0.5) / 0.25
    assert batch.inputs.dtype == np.float32
    assert batch.inputs.flags.c_contiguous
    np.testing.assert_allclose(batch.inputs, expected, rtol=1e-6)
    assert [len(one.labels) for one in split.batches(4)] == [4, 4, 2]


def test_an_epoch_depends_on_its_generator_alone():
    """Equal generators give equal bytes, others another order; labels stay with their images."""
    split, shift = sample(), Shift(pad=1)

    def shown(seed, augment=None):
        return list(split.epoch(4, np.random.default_rng(seed), augment))

    for one, other in zip(shown(1, shift), shown(1, shift), strict=True):
        assert one.inputs.tobytes() == other.inputs.tobytes()
    assert shown(1)[0].inputs.tobytes() != shown(2)[0].inputs.tobytes()
    plain = {image.tobytes(): label for batch in split.batches(10)
             for image, label in zip(batch.inputs, batch.labels, strict=True)}  # fmt: skip
    for batch in shown(3):
        for image, label in zip(batch.inputs, batch.labels, strict=True):
            assert plain[image.tobytes()] == label


@given(st.integers(0, 3), st.integers(0, 2**32))
def test_changes_are_crops_and_mirrors(pad, seed):
    """A changed image is a cut of the padded one at its corner, mirrored where it says so."""
    images = sample().images
    changes = Changes.draw(Shift(pad=pad), len(images), np.random.default_rng(seed))
    index = np.array([7, 2])
    found = changes.apply(images[index], index)

    for place, image in zip(index, found, strict=True):
        padded = np.pad(images[place], ((pad, pad), (pad, pad), (0, 0)))
        top, left = changes.corner[place]
        cut = padded[top : top + 4, left : left + 4]
        np.testing.assert_array_equal(image, cut[:, ::-1] if changes.mirrored[place] else cut)


def test_without_a_change_images_stay():
    """Nothing is shifted or mirrored where no change is asked for."""
    images = sample().images
    changes = Changes.draw(None, len(images), np.random.default_rng(0))

    np.testing.assert_array_equal(changes.apply(images, np.arange(len(images))), images)


def test_splits_are_read_from_arrays():
    """A dataset's arrays and what is known about them become a split."""
    images, labels = sample().images, sample().labels
    about = {"maximum": 16, "mean": [0.5, 0.5], "std": [0.2, 0.2], "classes": 3}
    split = split_of({"test_images": images, "test_labels": labels}, about, "test")

    assert (len(split), split.classes, split.maximum) == (10, 3, 16.0)


def test_bad_images_are_refused():
    """Too few images, strange labels and shapes, and images of another size are named."""
    split = sample()
    check_images(split.images, split.labels, 3, "x")
    with pytest.raises(HarnessError, match="x: the label of image 2 is 2"):
        check_images(split.images, split.labels, 2, "x")
    with pytest.raises(HarnessError, match="1 images are too few"):
        check_images(split.images[:1], split.labels[:1], 3, "x")
    with pytest.raises(HarnessError, match="do not belong together"):
        check_images(split.images, split.labels[:3], 3, "x")
    network = Network(image_size=4, image_channels=2, classes=10)
    with pytest.raises(HarnessError, match="in 10 classes; x has images of 4x4x2 in 3 classes"):
        check_fit(network, split.images, 3, "x")
