"""Batches: normalised alike, in an order and with changes that the seed alone decides."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_samples import CLASSES, SIZE, generator, images_of, scenes_of

from harness.errors import HarnessError
from harness.formats import arrays
from harness.stage.inputs import Inputs
from reproductions.shunt.data.augmentation import drawn
from reproductions.shunt.data.split import Split, read_split, split_of
from reproductions.shunt.params.network import MobileNetV2
from reproductions.shunt.params.training import Crop, Shift

NETWORK = MobileNetV2(
    family="mobilenetv2", image_height=SIZE, image_width=SIZE, image_channels=2, classes=CLASSES
)
ABOUT = {"dataset": "thirds", "classes": CLASSES, "maximum": 16, "mean": [0.4] * 2,
         "std": [0.3] * 2}  # fmt: skip


def plain(images, labels, **about):
    """Return a split that enters networks as it is stored."""
    channels = images.shape[-1]
    scale = {"maximum": 1.0, "mean": (0.0,) * channels, "std": (1.0,) * channels}
    return Split(images, labels, **scale, classes=CLASSES, **about)


def epoch(split, size, seed=0, how=None):
    """Return the batches of an epoch."""
    return [tuple(part.numpy() for part in one) for one in split.epoch(size, generator(seed), how)]


NINE = images_of(9)


def stored(folder, images=NINE, **about):
    """Write a dataset whose three parts are `images`, and return it as the inputs of a step."""
    values = {}
    for part in ("train", "validation", "test"):
        values |= {f"{part}_images": images.images, f"{part}_labels": images.labels}
    arrays.write_folder(folder, values, {**ABOUT, **about})
    return Inputs({"images": {None: folder}})


def test_every_split_is_normalised_alike(tmp_path):
    """All splits are scaled by the one mean and deviation of the training images."""
    inputs = stored(tmp_path / "images")
    expected = (images_of(9).images / 16 - 0.4) / 0.3
    for part in ("train", "validation", "test"):
        ((images, labels),) = read_split(inputs, part, NETWORK).batches(100)

        assert np.allclose(images.numpy(), expected, rtol=1e-5, atol=1e-5)
        assert labels.tolist() == images_of(9).labels.tolist()


def test_scenes_are_scaled_to_minus_one_to_one():
    """Images with masks are scaled as published, x / 127.5 - 1, whatever their mean."""
    scenes = scenes_of(4)
    values = {"test_images": scenes.images, "test_labels": scenes.labels}
    about = {**ABOUT, "maximum": 255, "task": "segmentation", "ignore": 255}
    split = split_of(values, about, "test")
    ((images, labels),) = split.batches(9)

    assert np.allclose(images.numpy(), scenes.images / 127.5 - 1, atol=1e-6)
    assert split.segmentation
    assert split.ignore == 255
    assert np.array_equal(labels, scenes.labels)


def test_evaluation_keeps_the_stored_order():
    """Batches of every size hold every image once, in order."""
    split = images_of(11)
    for size in (1, 4, 11, 50):
        parts = list(split.batches(size))

        assert np.concatenate([labels for _, labels in parts]).tolist() == split.labels.tolist()
        assert max(len(labels) for _, labels in parts) == min(size, 11)


@given(st.integers(2, 23), st.integers(2, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_an_epoch_shows_every_image_once(count, size, seed):
    """Each image comes once, but for a single one that would be a batch of its own."""
    split = images_of(count)
    ((inputs, _),) = split.batches(count)
    parts = epoch(split, size, seed)
    seen = np.concatenate([index for _, _, index in parts])

    assert len(set(seen.tolist())) == len(seen) == count - (count % size == 1)
    for images, labels, index in parts:
        assert np.array_equal(images, inputs.numpy()[index])
        assert np.array_equal(labels, split.labels[index])


@pytest.mark.parametrize(
    ("split", "how"),
    [(images_of(20), Shift(kind="shift")), (scenes_of(20), Crop(kind="crop"))],
)
def test_order_and_changes_depend_on_the_generator_alone(split, how):
    """Equal generators give the same bits whatever the batch size; others another order."""
    one, again, other, larger = (
        [np.concatenate(parts) for parts in zip(*epoch(split, size, seed, how), strict=True)]
        for seed, size in ((3, 6), (3, 6), (4, 6), (3, 20))
    )

    assert all(
        first.tobytes() == second.tobytes() for first, second in zip(one, again, strict=True)
    )
    assert all(
        first.tobytes() == second.tobytes() for first, second in zip(one, larger, strict=True)
    )
    assert not np.array_equal(one[2], other[2])
    assert not np.array_equal(one[0], other[0])


def test_the_stored_images_stay_as_they_are():
    """An epoch with changes leaves the split alone."""
    split = scenes_of(6)
    before = split.images.copy(), split.labels.copy()
    epoch(split, 3, 0, Crop(kind="crop"))

    assert np.array_equal(before[0], split.images)
    assert np.array_equal(before[1], split.labels)


@given(st.sampled_from([0.0, 0.2, 0.5]), st.booleans(), st.integers(0, 1000))
@settings(max_examples=15)
def test_a_shifted_image_is_a_window_with_its_edges_repeated(share, flip, seed):
    """Each changed image is moved by whole pixels within the share, or the mirror of one."""
    most = int(share * 5)
    images = generator(seed).integers(0, 256, (4, 5, 5, 1)).astype(np.uint8)
    split = plain(images, np.zeros(4, np.int64))
    ((found, _, index),) = epoch(split, 4, seed, Shift(kind="shift", share=share, flip=flip))
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    for image, number in zip(found, index, strict=True):
        windows = [
            padded[number, top : top + 5, left : left + 5]
            for top in range(2 * most + 1)
            for left in range(2 * most + 1)
        ]
        windows += [window[:, ::-1] for window in windows] if flip else []
        assert any(np.array_equal(image, window) for window in windows)


def crop(scale, size=6, seed=0, images=None, **about):
    """Return images, masks and positions after a crop at one scale, and the split."""
    images = generator(seed).integers(0, 256, (5, size, size, 1)).astype(np.uint8)
    masks = generator(seed + 1).integers(0, CLASSES, (5, size, size)).astype(np.uint8)
    split = plain(images, masks, ignore=255)
    how = Crop(kind="crop", smallest=scale, largest=scale, flip=False, **about)
    (found,) = epoch(split, 5, seed, how)
    return split, found


def test_a_crop_at_scale_one_changes_nothing():
    """Image and mask come out as they are, to the bit."""
    split, (images, masks, index) = crop(1.0)

    assert np.array_equal(images, split.images[index])
    assert np.array_equal(masks, split.labels[index])


def test_a_smaller_image_leaves_grey_and_ignored_pixels():
    """Right of and below it the input is 0, the mean, and the mask says that it does not count."""
    split, (images, masks, index) = crop(0.5)

    assert not images[:, 3:].any()
    assert not images[:, :, 3:].any()
    assert (masks[:, 3:] == 255).all()
    assert (masks[:, :, 3:] == 255).all()
    assert np.array_equal(masks[:, :3, :3], split.labels[index][:, 1::2, 1::2])
    middle = split.images[index].astype(float).reshape(5, 3, 2, 3, 2, 1).mean((2, 4))
    assert np.allclose(images[:, :3, :3], middle, atol=1e-4)


def test_a_larger_image_is_cut_and_interpolated():
    """At scale 2 every mask is a window of the mask with its pixels doubled, and so the image."""
    split, (images, masks, index) = crop(2.0)
    for image, mask, number in zip(images, masks, index, strict=True):
        doubled = split.labels[number].repeat(2, 0).repeat(2, 1)
        tops = [
            (top, left)
            for top in range(7)
            for left in range(7)
            if np.array_equal(doubled[top : top + 6, left : left + 6], mask)
        ]
        smooth = _doubled(split.images[number, :, :, 0].astype(float))
        windows = [smooth[top : top + 6, left : left + 6] for top, left in tops]

        assert windows
        assert any(np.allclose(image[:, :, 0], window, atol=1e-3) for window in windows)


def _doubled(image):
    """Interpolate a square image linearly at the centres of half pixels."""
    places = np.clip((np.arange(2 * len(image)) + 0.5) / 2 - 0.5, 0, len(image) - 1)
    low = np.minimum(places.astype(int), len(image) - 2)
    share = places - low
    for axis in (0, 1):
        shape = (-1, 1) if axis == 0 else (1, -1)
        before, after = np.take(image, low, axis), np.take(image, low + 1, axis)
        image = before + (after - before) * share.reshape(shape)
    return image


def test_masks_are_mirrored_with_their_images():
    """Where the image carries its mask's classes, it still does after every change."""
    masks = generator(3).integers(0, CLASSES, (40, 6, 6)).astype(np.uint8)
    split = plain(masks[..., None], masks, ignore=255)
    how = Crop(kind="crop", smallest=1.0, largest=1.0)
    ((images, found, index),) = epoch(split, 40, 0, how)
    mirrored = [
        not np.array_equal(one, masks[number]) for one, number in zip(found, index, strict=True)
    ]

    assert np.array_equal(images[..., 0], found)
    assert 5 < sum(mirrored) < 35


def test_changes_are_drawn_within_their_limits():
    """Shifts stay within the share of each side, corners within the scaled image."""
    shift = drawn(Shift(kind="shift", share=0.2), (10, 20), 400, generator())
    cut = drawn(Crop(kind="crop"), (10, 20), 400, generator())

    assert np.abs(shift["moved"]).max(0).tolist() == [2, 4]
    assert set(map(tuple, cut["scaled"].tolist())) == {
        (5, 10), (8, 15), (10, 20), (12, 25), (15, 30), (18, 35), (20, 40),
    }  # fmt: skip
    assert (cut["corner"] >= 0).all()
    assert (cut["corner"] <= np.maximum(cut["scaled"] - [10, 20], 0)).all()
    assert drawn(None, (10, 20), 400, generator()) == {}


@pytest.mark.parametrize(
    ("split", "how"), [(images_of(4), Crop(kind="crop")), (scenes_of(4), Shift(kind="shift"))]
)
def test_a_change_for_other_labels_is_refused(split, how):
    """The message says which change goes with which labels."""
    with pytest.raises(HarnessError, match="'crop' is for images with masks"):
        epoch(split, 2, 0, how)


def test_images_in_a_file_are_read_batch_by_batch(tmp_path):
    """A split may be mapped from a file that is larger than the memory."""
    split = images_of(9)
    np.save(tmp_path / "images.npy", split.images)
    mapped = dataclasses.replace(split, images=np.load(tmp_path / "images.npy", mmap_mode="r"))

    for one, two in zip(epoch(mapped, 4), epoch(split, 4), strict=True):
        assert all(np.array_equal(*pair) for pair in zip(one, two, strict=True))
