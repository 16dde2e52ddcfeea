"""Images with their masks: the classes' colours and marks, and the pixels as they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shunt_drawing_samples import ABOUT, NAMES, masks

from harness.errors import HarnessError
from reproductions.shunt.drawing import classes, example

PALETTE = classes.Palette(tuple(NAMES), 255)


def test_iou_leaves_out_what_does_not_count():
    """The mean is over classes that are there, and ignored pixels are neither right nor wrong."""
    truth = np.array([[0, 0, 2, 2], [0, 0, 2, 255]])
    predicted = np.array([[0, 0, 2, 0], [0, 0, 2, 3]])

    # Ground: 4 of 5; class 2: 2 of 3; class 3 is predicted on an ignored pixel alone.
    assert classes.mean_iou(truth, predicted, PALETTE) == pytest.approx(100 * (0.8 + 2 / 3) / 2)
    assert classes.mean_iou(truth, truth, PALETTE) == 100.0
    assert classes.mean_iou(np.full((2, 2), 255), np.zeros((2, 2)), PALETTE) == 0.0


def test_masks_are_painted_pixel_by_pixel():
    """Each pixel has its class's colour, as large as asked; what does not count is striped."""
    painted = PALETTE.painted(np.array([[0, 2], [255, 3]]), 4)

    assert painted.shape == (8, 8, 3)
    for place_, label in (((0, 0), 0), ((0, 4), 2), ((4, 4), 3)):
        block = painted[place_[0] : place_[0] + 4, place_[1] : place_[1] + 4].reshape(-1, 3)
        assert {"#{:02X}{:02X}{:02X}".format(*pixel) for pixel in block} == {PALETTE.colour(label)}
    assert len({tuple(pixel) for pixel in painted[4:, :4].reshape(-1, 3).tolist()}) == 2


@settings(max_examples=60)
@given(arrays(np.uint8, (9, 9), elements=st.integers(0, 2)), st.integers(1, 3))
def test_a_class_is_written_on_deep_inside(mask, least):
    """The place is a pixel of the class, and everything about it within reach is of it as well."""
    at = classes.spot(mask, 1, least)

    if at is not None:
        row, column = at
        reach = least - 1
        for down in range(-reach, reach + 1):
            across = reach - abs(down)
            assert (mask[row + down, column - across : column + across + 1] == 1).all()
            assert 0 <= row + down < 9
    elif least == 1:
        assert not (mask == 1).any()


def test_colours_of_classes_differ():
    """No two classes look alike, and more classes than colours are refused."""
    names = ("ground", *map(str, range(len(classes.COLOURS))))
    palette = classes.Palette(names, None)

    assert len({palette.colour(label) for label in range(len(names))}) == len(names)
    with pytest.raises(HarnessError, match="has 23 colours for classes, and the masks have 24"):
        classes.Palette((*names, "more"), None)


def test_names_that_are_short_are_written_on_the_masks():
    """Digits stand on their pixels; of long names the number does, and the legend tells it."""
    long = classes.Palette(("road", "traffic light"), 255)

    assert [PALETTE.marks(label) for label in range(4)] == [None, "1", "2", "3"]
    assert [long.marks(label) for label in range(2)] == ["0", "1"]


def test_example_shows_pixels_as_they_are():
    """Small images are enlarged by a whole factor, of large ones pixels are left out evenly."""
    found = masks()
    drawing = example.picture(example.examples_of(found, ABOUT))

    shown = [axes.get_images()[0].get_array() for axes in drawing.axes]

    assert len(shown) == 8
    assert {pixels.shape for pixels in shown} == {(12 * 11, 20 * 11, 3)}
    assert (shown[0][::11, ::11] == found["images"][0]).all()
    texts = [text.get_text() for text in drawing.texts]
    # Class 2 is right on 30 of 42 pixels, the ground on 136 of 148; class 3 is right, or is 1.
    assert [text for text in texts if "IoU" in text][:2] == ["mean IoU 87.8 %", "mean IoU 40.8 %"]
    large = {name: array.repeat(40, 1).repeat(40, 2) for name, array in found.items()}
    (first, *_) = example.picture(example.examples_of(large, ABOUT)).axes
    assert first.get_images()[0].get_array().shape == (120, 200, 3)


@pytest.mark.parametrize(
    ("change", "about", "said"),
    [
        ({"images": np.zeros((0, 4, 4, 3), np.uint8)}, ABOUT, "1 to 8 images, and there are 0"),
        ({"images": np.zeros((9, 4, 4, 3), np.uint8)}, ABOUT, "and there are 9"),
        ({"images": np.zeros((2, 12, 20, 3))}, ABOUT, r"images are float64 of shape \(2, 12"),
        ({"images": np.zeros((2, 12, 20, 2), np.uint8)}, ABOUT, "give uint8 of shape"),
        ({"final": np.zeros((2, 6, 10))}, ABOUT, r"masks 'final' have shape \(2, 6, 10\)"),
        ({"final": None}, ABOUT, "lacks final"),
        ({}, {"ignore": 255}, "lacks the list 'class_names'"),
        (
            {"final": np.full((2, 12, 20), 9)},
            ABOUT,
            "label 9; there are the classes 0 to 3",
        ),
        ({}, {"class_names": NAMES}, "has the label 255"),
    ],
)
def test_examples_that_cannot_be_drawn_are_refused(change, about, said):
    """No images, too many, other shapes, types or labels give an error and no picture."""
    found = {name: array for name, array in (masks() | change).items() if array is not None}

    with pytest.raises(HarnessError, match=said):
        example.picture(example.examples_of(found, about))


def test_grey_images_are_drawn():
    """One channel is shown as grey."""
    found = masks()
    found["images"] = found["images"][..., :1]

    (first, *_) = example.picture(example.examples_of(found, ABOUT)).axes

    assert first.get_images()[0].get_array().shape[2] == 3
