from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import catalogue, package, segmentation
from harness.data.digit_scenes import enlarged, grown
from harness.data.draws import Draws
from harness.data.ground import FULL, gradient, ground
from harness.data.reading import read_digits
from harness.data.split import divide
from harness.data.step import digests

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def sample(project):
    """Give the project's dataset of scenes."""
    return catalogue.find(project, "digit_scenes")


def whole(sample):
    """Return all arrays of a dataset of scenes."""
    path = package.locate(sample.source)
    with segmentation.divided(sample, {path.name: path}) as division:
        return segmentation.arrays(division, sample, None)[0]


@pytest.fixture
def values(sample):
    """Give the arrays of all three parts."""
    return whole(sample)


def test_the_scenes_are_those_that_the_spec_records(sample, values):
    """The same seed gives the same bytes on every machine: the spec has their digests."""
    assert digests(values) == sample.arrays


def test_each_part_has_its_images_and_masks(values):
    """Images are RGB and masks have one byte a pixel."""
    for part, count in {"train": 400, "validation": 80, "test": 120}.items():
        images, masks = values[f"{part}_images"], values[f"{part}_labels"]

        assert (images.shape, images.dtype) == ((count, 64, 64, 3), np.uint8)
        assert (masks.shape, masks.dtype) == ((count, 64, 64), np.uint8)
        assert set(np.unique(masks).tolist()) == {*range(11), 255}


def test_every_scene_has_ground_digits_and_a_border_round_each(values):
    """No digit touches the ground or another class: there are ignored pixels between them."""
    for mask in values["train_labels"]:
        found = set(np.unique(mask).tolist()) - {0, 255}
        assert 1 <= len(found) <= 4
        assert (mask == 0).mean() > 0.3
        for one in found:
            near = mask[grown(mask == one)]
            assert set(near.tolist()) <= {one, 255}


def test_a_border_is_one_pixel_wide(values):
    """Each ignored pixel has a digit beside it, unless a digit in front hides that."""
    lonely = 0
    for mask in values["train_labels"]:
        digits = (mask > 0) & (mask < 255)
        lonely += int(((mask == 255) & ~grown(digits)).sum())

    assert lonely / (values["train_labels"] == 255).sum() < 0.005


def test_the_parts_are_composed_from_digits_that_no_other_part_has(sample):
    """The digits are divided first, as those of the dataset of digits are."""
    path = package.locate(sample.source)
    every = read_digits(sample, sample.format.digit, 10, {path.name: path})
    parts = vars(divide(every.train.labels, sample.split, 0))
    with segmentation.divided(sample, {path.name: path}) as division:
        used = {name: part.scenes.digits for name, part in division.parts.items()}

    assert division.digits is not None
    assert sum(len(one.labels) for one in used.values()) == 1797
    for name, indices in parts.items():
        np.testing.assert_array_equal(used[name].images, every.train.images[indices])
    assert division.digests() == division.digits.digests()


def test_a_scene_depends_on_its_seed_part_and_number_alone(sample, values):
    """A scene asked for alone is the one among all; another seed gives others."""
    path = package.locate(sample.source)
    with segmentation.divided(sample, {path.name: path}) as division:
        scene = division.parts["test"].scenes.scene(7)
    layout = sample.format.model_copy(update={"seed": 1})
    other = whole(sample.model_copy(update={"format": layout}))

    np.testing.assert_array_equal(scene.image, values["test_images"][7])
    np.testing.assert_array_equal(scene.mask, values["test_labels"][7])
    assert (other["test_labels"] != values["test_labels"]).any()


def test_digits_stand_out_from_the_ground(values):
    """In every scene the mean of digits and ground differ by far more than the grain."""
    for image, mask in zip(values["test_images"], values["test_labels"], strict=True):
        digit = image[(mask > 0) & (mask < 255)].astype(float).mean()

        assert abs(digit - image[mask == 0].astype(float).mean()) > 15


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """Give the project's dataset of scenes of four digits, and all of its arrays."""
    made = catalogue.load(REPOSITORY / "specs" / "dataset" / "four_digit_scenes.yaml")
    return made, whole(made)


def test_scenes_of_four_digits_are_those_that_their_spec_records(four):
    """Scenes of some digits have the same bytes on every machine as well."""
    made, values = four

    assert digests(values) == made.arrays
    for part, count in {"train": 400, "validation": 80, "test": 120}.items():
        assert values[f"{part}_images"].shape == (count, 48, 48, 3)
        assert set(np.unique(values[f"{part}_labels"]).tolist()) == {0, 1, 2, 3, 4, 255}


def test_the_class_of_a_digit_is_its_place_among_those_shown(four):
    """Of the digits 0, 1, 4 and 7 the classes are 1 to 4, and no other digit is in a scene."""
    made, _ = four
    path = package.locate(made.source)
    every = read_digits(made, made.format.digit, 10, {path.name: path})
    parts = vars(divide(every.train.labels, made.split, 0))
    with segmentation.divided(made, {path.name: path}) as division:
        used = {name: part.scenes.digits for name, part in division.parts.items()}

    assert made.classes == ("ground", "0", "1", "4", "7")
    for name, indices in parts.items():
        digits = every.train.labels[indices]
        shown = np.isin(digits, made.format.shown)
        assert [made.classes[1 + place] for place in used[name].labels] == [
            str(digit) for digit in digits[shown]
        ]
        np.testing.assert_array_equal(used[name].images, every.train.images[indices][shown])


def test_the_order_of_the_digits_that_are_shown_is_that_of_their_classes(four):
    """Shown the other way round, the same scene has the other classes."""
    made, _ = four
    path = package.locate(made.source)
    layout = made.format.model_copy(update={"shown": made.format.shown[::-1]})
    scenes = []
    for one in (made, made.model_copy(update={"format": layout})):
        with segmentation.divided(one, {path.name: path}) as division:
            scenes.append(division.parts["test"].scenes.scene(3))
    turned = np.array([0, 4, 3, 2, 1, *[255] * 251], np.uint8)

    np.testing.assert_array_equal(scenes[0].image, scenes[1].image)
    np.testing.assert_array_equal(turned[scenes[0].mask], scenes[1].mask)


def test_all_digits_are_shown_unless_the_spec_says_which(sample):
    """Specs of before digits could be chosen keep their meaning."""
    assert sample.format.shown == tuple(range(10))
    assert "shown" not in sample.model_dump(exclude_defaults=True)["format"]


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 7])
def test_a_digit_is_enlarged_by_a_whole_factor(scale):
    """Empty stays empty, full is full inside, and the middle of a pixel keeps its side."""
    digit = np.zeros((8, 8), np.uint8)
    digit[2:6, 2:6] = 16
    coverage = enlarged(digit, 16, scale)

    assert coverage.shape == (8 * scale, 8 * scale)
    assert not enlarged(np.zeros((8, 8), np.uint8), 16, scale).any()
    assert coverage[4 * scale, 4 * scale] == FULL
    assert coverage[0, 0] == 0
    np.testing.assert_array_equal(coverage, coverage[::-1, ::-1])


def test_enlarging_is_bilinear():
    """It agrees with the definition in fractions: weights by distance, edges fall to nothing."""
    digit = np.random.Generator(np.random.PCG64(3)).integers(0, 17, (8, 8)).astype(np.uint8)
    scale = 3
    padded = np.pad(digit.astype(float), 1)
    places = (np.arange(24) + 0.5) / scale + 0.5
    low = np.floor(places).astype(int)
    weights = np.zeros((24, 10))
    weights[np.arange(24), low] = 1 - (places - low)
    weights[np.arange(24), low + 1] = places - low
    exact = weights @ padded @ weights.T * 255 / 16

    expected = np.clip(2 * np.floor(exact + 1e-9) - 96, 0, 255)
    np.testing.assert_array_equal(enlarged(digit, 16, scale), expected)


def test_a_shape_grows_by_all_eight_neighbours():
    """One pixel becomes three by three, and none wraps round an edge."""
    shape = np.zeros((5, 6), bool)
    shape[0, 0] = shape[3, 4] = True
    expected = np.zeros((5, 6), bool)
    expected[0:2, 0:2] = expected[2:5, 3:6] = True

    np.testing.assert_array_equal(grown(shape), expected)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_a_ground_is_made_of_bytes_at_any_size(seed, height, width, dark):
    """Whatever is drawn, each channel is between 0 and 255."""
    made = ground(height, width, dark=dark, draws=Draws(seed))

    assert made.shape == (height, width, 3)
    assert made.dtype == np.int64
    assert 0 <= made.min() <= made.max() <= FULL


def test_a_gradient_spans_the_whole_range():
    """The lowest corner is 0 and the highest one 255."""
    slope = gradient(12, 9, Draws(4))

    assert (slope.min(), slope.max()) == (0, FULL)


def test_draws_are_those_of_the_raw_stream():
    """Numbers are the upper half of PCG64's words, which NumPy keeps for ever, scaled exactly."""
    words = [int(word) for word in np.random.PCG64([1, 2]).random_raw(4)]
    draws = Draws(1, 2)

    assert [draws.below(10) for _ in words] == [(word >> 32) * 10 >> 32 for word in words]
    assert Draws(1, 2).grains(3, 5).tobytes() == b"".join(
        word.to_bytes(8, "little") for word in words
    )[:15]  # fmt: skip


@given(st.integers(0, 2**32), st.integers(1, 2**31), st.integers(-100, 100), st.integers(0, 99))
def test_draws_are_within_their_bounds(seed, bound, low, span):
    """A number is below its bound, and between its ends."""
    draws = Draws(seed)

    assert 0 <= draws.below(bound) < bound
    assert low <= draws.between(low, low + span) <= low + span
    assert draws.of("abc") in "abc"
