"""Batches: normalised alike, in an order that the seed alone decides."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nonn_stage import SMALL

from harness.errors import HarnessError
from harness.formats import arrays
from harness.stage.inputs import Inputs
from reproductions.nonn.images import Split, read_split
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.params.training import Augmentation

NETWORK = WideResNet(family="wrn", depth=10, width=1, **SMALL)


def split(count, size=5, channels=2):
    """Return a split whose pixels are all different from zero."""
    random = np.random.Generator(np.random.PCG64(1))
    images = random.integers(1, 256, (count, size, size, channels)).astype(np.uint8)
    return Split(
        images=torch.from_numpy(images),
        labels=torch.arange(count),
        maximum=255,
        mean=torch.full((channels,), 0.25),
        std=torch.full((channels,), 0.5),
    )


def generator(seed=0):
    """Return the randomness of one epoch."""
    return np.random.Generator(np.random.PCG64(seed))


def test_every_split_is_normalised_alike(images):
    """All splits are scaled by the one mean and deviation of the training images."""
    inputs = Inputs({"images": {None: images}})
    stored = arrays.read_folder(images)
    for part in ("train", "validation", "test"):
        batch = next(read_split(inputs, part, NETWORK).batches(1000))

        expected = (stored[f"{part}_images"].transpose(0, 3, 1, 2) / 16 - 0.4) / 0.3
        assert np.allclose(batch.images.numpy(), expected, atol=1e-5)
        assert batch.labels.tolist() == stored[f"{part}_labels"].tolist()


@given(st.integers(2, 23), st.integers(2, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_an_epoch_shows_every_image_once(count, size, seed):
    """Each image comes once, but for a single one that would be a batch of its own."""
    data = split(count)
    batches = list(data.epoch(size, generator(seed), None))
    seen = torch.cat([batch.index for batch in batches]).tolist()

    assert len(set(seen)) == len(seen)
    assert len(seen) == count - (count % size == 1)
    for batch in batches:
        assert torch.equal(batch.images, data.normalised(data.images[batch.index]))
        assert torch.equal(batch.labels, data.labels[batch.index])


def test_order_and_changes_depend_on_the_generator_alone():
    """Equal generators give equal epochs; other ones give another order."""
    data, how = split(20), Augmentation(pad=2, flip=True)
    one, two, other = (
        torch.cat([batch.images for batch in data.epoch(6, generator(seed), how)])
        for seed in (3, 3, 4)
    )

    assert torch.equal(one, two)
    assert not torch.equal(one, other)


@given(st.integers(0, 3), st.booleans(), st.integers(0, 1000))
@settings(max_examples=30)
def test_a_crop_is_a_window_of_the_padded_image(pad, flip, seed):
    """Each changed image is a window of the image with black edges, or the mirror of one."""
    data = split(4, size=3, channels=1)
    batch = next(data.epoch(4, generator(seed), Augmentation(pad=pad, flip=flip)))
    padded = torch.nn.functional.pad(data.images, (0, 0, pad, pad, pad, pad))
    for image, index in zip(batch.images, batch.index, strict=True):
        windows = [
            padded[index, top : top + 3, left : left + 3]
            for top in range(2 * pad + 1)
            for left in range(2 * pad + 1)
        ]
        windows += [window.flip(1) for window in windows] if flip else []
        assert any(torch.equal(image, data.normalised(window[None])[0]) for window in windows)


def test_images_of_another_size_are_refused(images):
    """The message says what the network takes and what the dataset has."""
    network = WideResNet(family="wrn", depth=10, width=1)

    with pytest.raises(
        HarnessError, match=r"32x32x3 in 10 classes; dataset 'quarters' has .*8x8x1"
    ):
        read_split(Inputs({"images": {None: images}}), "train", network)
