"""The figures of shunts as files: bytes that two processes share, content and room."""

import pytest
from drawn import check_content_and_room, check_two_processes, draw
from shunt_drawing_samples import ABOUT, CHOICES, FRONT, masks, quotient_rows, scores

from harness.formats import arrays as folders
from harness.formats import rows as tables
from reproductions.shunt.drawing import accuracy, example, quotients
from reproductions.shunt.params.drawing import (
    AccuracyAgainstMacsParams,
    KnowledgeQuotientsParams,
    SegmentationExampleParams,
)

V3 = {"family": "mobilenetv3", "size": "small", "change_stride_layers": 2}
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
