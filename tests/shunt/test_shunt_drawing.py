"""The figures of shunts: where things stand, what is said, and bytes that two processes share."""

import numpy as np
import pytest
from drawn import check_content_and_room, check_two_processes, draw
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import HarnessError
from harness.formats import arrays as folders
from harness.formats import rows as tables
from reproductions.drawing.labels import Box, box, place
from reproductions.shunt.drawing import accuracy, classes, example, quotients, systems
from reproductions.shunt.params.drawing import (
    AccuracyAgainstMacsParams,
    KnowledgeQuotientsParams,
    SegmentationExampleParams,
)

V3 = {"family": "mobilenetv3", "size": "small", "change_stride_layers": 2}
RESIDUAL = [at in {2, 4, 5, 7, 9, 10} for at in range(11)]
WHOLE = 17_507_328
NAMES = ["ground", "1", "2", "3"]
"""What the classes of the made-up masks are called."""

STEPS = {
    "draw_knowledge_quotients": (
        quotients.draw_knowledge_quotients,
        KnowledgeQuotientsParams,
        {"network": V3, "systems": ("by-hand", "macs-70", "macs-10")},
    ),
    "draw_accuracy_against_macs": (
        accuracy.draw_accuracy_against_macs,
        AccuracyAgainstMacsParams,
        {"reductions": ({"label": "published", "percent": 33.5},)},
    ),
    "draw_segmentation_example": (
        example.draw_segmentation_example,
        SegmentationExampleParams,
        {},
    ),
}


def quotient_rows(seed):
    """Make the quotients of single blocks and of one longer window."""
    single = [
        {"first": at, "last": at, "quotient": 0.4 / (at + 1) - 0.04 + seed / 100}
        if residual
        else {"first": at, "last": at, "quotient": None}
        for at, residual in enumerate(RESIDUAL)
    ]
    return [*single, {"first": 4, "last": 7, "quotient": 0.9}]


def choice(system, window, loss, macs, *, by="search", metric="macs"):
    """Make a row of a search's choices."""
    first, last = map(int, window.split("-")) if window else (None, None)
    return {
        "system": system,
        "chosen_by": by,
        "metric": metric,
        "first": first,
        "last": last,
        "window": window,
        "total_loss": loss,
        "macs": macs,
    }


CHOICES = [
    choice("macs-70", "4-5", 0.05, 12_000_000),
    choice("macs-70", "9-10", 0.05, 12_000_000),
    choice("macs-90", "9-10", 0.02, 15_000_000),
    choice("macs-10", None, None, None),
    choice("by-hand", "5-10", 0.3, 9_000_000, by="hand"),
    choice("by-hand", "5-10", 0.3, 9_000_000, by="hand", metric="parameters"),
]
FRONT = [
    {"metric": metric, "windows": windows, "macs": macs, "total_loss": loss}
    for metric in ("macs", "parameters")
    for windows, macs, loss in (
        ("none", WHOLE, 0.0),
        ("9-10", 15_000_000, 0.02),
        ("4-5 + 9-10", 12_000_000, 0.05),
    )
]


def score(system, windows, macs, value, distillation=None, **seed):
    """Make one row of scores."""
    about = {"system": system, "windows": windows, "distillation": distillation}
    return {**seed, **about, "macs": macs, "score": value}


def scores(seed):
    """Make the scores of a run."""
    more = seed / 10
    return [
        score("original", None, WHOLE, 93.0 + more),
        score("macs-90", "9-10", 15_000_000, 92.8 + more),
        score("macs-90", "9-10", 15_000_000, 92.9 - more, "dark knowledge"),
        score("macs-70", "4-5 + 9-10", 12_000_000, 92.0 + more),
        score("macs-70", "4-5 + 9-10", 12_000_000, 92.4 - more, "dark knowledge"),
        score("by-hand", "5-10", 9_000_000, 90.5 + more),
    ]


def masks():
    """Make two small images with their masks."""
    random = np.random.default_rng(0)
    truth = np.zeros((2, 12, 20), np.uint8)
    truth[:, 2:9, 3:9] = 2
    truth[:, 4:11, 12:18] = 3
    original = truth.copy()
    original[:, 2:4] = 0
    truth[:, 11] = 255
    images = random.integers(0, 256, (2, 12, 20, 3), dtype=np.uint8)
    final = np.where(original == 3, 1, original)
    return {"images": images, "truth": truth, "original": original, "final": final}


ABOUT = {"class_names": NAMES, "ignore": 255}


@pytest.fixture
def inputs(tmp_path):
    """Write what the drawings read; return the paths by drawing, name and seed."""
    for seed in (0, 1):
        tables.write(tmp_path / f"quotients-{seed}.csv", quotient_rows(seed))
        original, *others = scores(seed)
        tables.write(tmp_path / f"original-{seed}.csv", [original])
        tables.write(tmp_path / f"scores-{seed}.csv", others)
    tables.write(tmp_path / "choices.csv", CHOICES)
    tables.write(tmp_path / "front.csv", FRONT)
    folders.write_folder(tmp_path / "examples", masks(), ABOUT)
    choices = {None: str(tmp_path / "choices.csv")}
    seeded = {
        name: {seed: str(tmp_path / f"{name}-{seed}.csv") for seed in (0, 1)}
        for name in ("quotients", "original", "scores")
    }
    return {
        "draw_knowledge_quotients": {"quotients": seeded["quotients"], "choices": choices},
        "draw_accuracy_against_macs": {
            "original": seeded["original"],
            "scores": seeded["scores"],
            "choices": choices,
            "front": {None: str(tmp_path / "front.csv")},
        },
        "draw_segmentation_example": {"examples": {None: str(tmp_path / "examples")}},
    }


def test_two_processes_draw_the_same_bytes(inputs, tmp_path):
    """Another process, hash seed and time zone give the same SVG and PNG of every figure."""
    check_two_processes(__file__, STEPS, inputs, tmp_path)


@pytest.mark.parametrize("step", STEPS)
def test_pictures_have_content_and_room(step, inputs, tmp_path):
    """A picture is drawn on, and nothing is cut off at its edge."""
    check_content_and_room(draw(STEPS[step], inputs[step], tmp_path / "here"))


def test_quotients_are_those_of_single_blocks():
    """Every seed's quotient of a block alone is drawn, and blocks without one are marked."""
    rows = quotient_rows(0) + quotient_rows(1)

    blocks = quotients.blocks_of(rows, RESIDUAL)

    assert [bool(block.quotients) for block in blocks] == RESIDUAL
    assert blocks[4].quotients == pytest.approx((0.04, 0.05))
    (axes, *_) = quotients.picture(rows, RESIDUAL, []).axes
    assert [round(bar.get_height(), 4) for bar in axes.patches][:2] == [0.0983, 0.045]
    crosses = axes.collections[-1].get_offsets()[:, 0]
    assert list(crosses) == [at for at, residual in enumerate(RESIDUAL) if not residual]


def test_windows_of_systems_stand_above_their_blocks():
    """A bar spans the blocks of each window; what was picked by hand is hatched and shaded."""
    lanes = quotients.lanes_of(CHOICES, ["by-hand", "macs-70", "macs-10"])

    below, above = quotients.picture(quotient_rows(0), RESIDUAL, lanes).axes

    bars = [(round(bar.get_x(), 1), round(bar.get_width(), 1), bar.get_hatch())
            for bar in above.patches]  # fmt: skip
    assert bars[0] == (4.6, 5.8, "////")
    assert (3.6, 1.8, None) in bars
    assert above.get_xlim() == below.get_xlim()
    said = [text.get_text() for text in above.texts]
    assert said == ["by-hand", "loss 0.300", "macs-70", "loss 0.050", "macs-10", "infeasible"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no quotient of a single block to draw; it has 0 rows"),
        ([{"first": 4, "last": 7, "quotient": 0.9}], "it has 1 rows"),
        ([{"first": 12, "last": 12, "quotient": 0.9}], "block 12; the network has 0 to 10"),
    ],
)
def test_quotients_that_cannot_be_drawn_are_refused(rows, said):
    """Nothing to draw, and blocks of another network, give an error and no picture."""
    with pytest.raises(HarnessError, match=said):
        quotients.picture(rows, RESIDUAL, [])


def test_system_that_the_search_has_not_is_named():
    """A misspelt system is told, and not left out."""
    with pytest.raises(HarnessError, match="search has no system 'macs-80'"):
        quotients.lanes_of(CHOICES, ["macs-80"])


def test_marks_average_over_seeds_and_tell_who_chose():
    """Seeds make one mark with mean and sample deviation; the original comes first."""
    rows = [{"seed": seed, **row} for seed in (0, 1) for row in scores(seed)]

    marks = systems.marks_of(rows[::-1], CHOICES)

    assert (marks[0].system, marks[0].chosen_by) == ("original", "original")
    assert {mark.system: mark.chosen_by for mark in marks[1:]} == {
        "macs-90": "search",
        "macs-70": "search",
        "by-hand": "hand",
    }
    (found,) = [m for m in marks if (m.system, m.distillation) == ("macs-90", "dark knowledge")]
    assert found.accuracy == pytest.approx(92.85)
    assert found.deviation == pytest.approx(0.1 / 2**0.5)


def test_systems_of_the_search_are_joined_and_those_by_hand_hollow():
    """Each way of training has a line through what the search chose, by rising multiply-adds."""
    rows = scores(0)

    above, below = accuracy.picture(rows, FRONT, CHOICES, AccuracyAgainstMacsParams()).axes

    lines = [line for line in above.get_lines() if len(line.get_xdata()) == 2]
    assert [list(line.get_ydata()) for line in lines] == [[92.0, 92.8], [92.4, 92.9]]
    hollow = [line for line in above.get_lines() if line.get_markerfacecolor() == "white"]
    assert [float(line.get_ydata()[0]) for line in hollow] == [90.5]
    assert {text.get_text() for text in above.texts} == {
        "original", "9-10", "4-5 + 9-10", "5-10"
    }  # fmt: skip
    assert above.get_xlim() == below.get_xlim()


def test_front_is_drawn_with_the_least_loss_for_every_budget():
    """Between two choices a budget buys what the cheaper one loses; other metrics are left out."""
    _, below = accuracy.picture(scores(0), FRONT, CHOICES, AccuracyAgainstMacsParams()).axes

    stair = below.get_lines()[0]
    assert list(stair.get_xdata()) == [12.0, 15.0, 17.507328]
    assert list(stair.get_ydata()) == [0.05, 0.02, 0.0]
    assert stair.get_drawstyle() == "steps-post"
    trained = {
        (line.get_xdata()[0], line.get_ydata()[0]): line.get_markerfacecolor()
        for line in below.get_lines()[2:]
    }
    assert set(trained) == {(12.0, 0.05), (15.0, 0.02), (9.0, 0.3)}
    assert trained[9.0, 0.3] == "white"


def test_published_reductions_are_lines_from_the_original():
    """A reduction is drawn where it would leave this network, in both panels, with its name."""
    given_ = {"reductions": ({"label": "one", "percent": 50.0}, {"label": "two", "percent": 90.0})}
    params = AccuracyAgainstMacsParams.model_validate(given_)

    axes = accuracy.picture(scores(0), FRONT, CHOICES, params).axes

    for each in axes:
        places = [
            float(line.get_xdata()[0])
            for line in each.get_lines()
            if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
        ]
        assert places == pytest.approx([WHOLE / 2e6, WHOLE / 1e7])
        assert each.get_xlim()[0] < WHOLE / 1e7
    assert "one\n\N{MINUS SIGN}50 %" in {text.get_text() for text in axes[0].texts}


@pytest.mark.parametrize(
    ("rows", "front", "said"),
    [
        ([], FRONT, "it has 0 without and 0 with"),
        (scores(0)[:1], FRONT, "it has 1 without and 0 with"),
        (scores(0)[1:], FRONT, "it has 0 without and 5 with"),
        (scores(0), FRONT[3:], "needs the front of a search for multiply-adds"),
        (
            [*scores(0), score("macs-90", "9-10", 1, 92.0)],
            FRONT,
            "rows of system 'macs-90' do not agree",
        ),
    ],
)
def test_accuracy_that_cannot_be_drawn_is_refused(rows, front, said):
    """There is one original, something beside it, a front, and one meaning to every name."""
    with pytest.raises(HarnessError, match=said):
        accuracy.picture(rows, front, CHOICES, AccuracyAgainstMacsParams())


def test_labels_avoid_marks_that_have_none():
    """The usual place of a label is taken by a mark without one."""
    here, other = box((100, 100), (10, 10)), box((125, 100), (10, 10))
    frame = Box(0, 0, 330, 230)

    (usual,) = place([here], [(30, 10)], [], frame)
    (moved,) = place([here], [(30, 10)], [], frame, [other])

    assert usual.meets(other)
    assert not moved.meets(other)


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


@settings(max_examples=60, deadline=None)
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
