"""The figures of the ensembles: bytes that two processes share, content, and words apart."""

import pytest
from drawn import check_content_and_room, check_two_processes, draw
from ensemble_drawing_samples import COSTS, MODES, SPEED, norms, pictures, scores

from harness.formats import rows as tables
from reproductions.ensemble_kd.drawing import accuracy, gradients, speed
from reproductions.ensemble_kd.drawing import bytes as sizes
from reproductions.ensemble_kd.params.drawing import (
    AccuracyAgainstBitsParams,
    AccuracyAgainstBytesParams,
    GradientsParams,
    SpeedUpParams,
)

STEPS = {
    "draw_accuracy_against_bits": (
        accuracy.draw_accuracy_against_bits,
        AccuracyAgainstBitsParams,
        {"systems": ({"name": "plain", "label": "shared, not distilled"},)},
    ),
    "draw_accuracy_against_bytes": (
        sizes.draw_accuracy_against_bytes,
        AccuracyAgainstBytesParams,
        {"network": "resnet"},
    ),
    "draw_speed_up": (speed.draw_speed_up, SpeedUpParams, {}),
    "draw_gradients": (gradients.draw_gradients, GradientsParams, {}),
}


@pytest.fixture
def inputs(tmp_path):
    """Write what the drawings read; return the paths by drawing, name and seed."""
    tables.write(tmp_path / "costs.csv", COSTS)
    tables.write(tmp_path / "speed.csv", SPEED)
    for seed in (0, 1, 2):
        tables.write(tmp_path / f"separate-{seed}.csv", scores("separate", seed))
        for at, mode in enumerate(MODES):
            tables.write(tmp_path / f"{mode}-{seed}.csv", scores(mode, seed, at / 3))
            tables.write(tmp_path / f"norms-{mode}-{seed}.csv", norms(mode, seed))
    runs = {
        name: {seed: str(tmp_path / f"{name}-{seed}.csv") for seed in (0, 1, 2)}
        for name in ("separate", *MODES)
    }
    pulls = {
        mode: {seed: str(tmp_path / f"norms-{mode}-{seed}.csv") for seed in (0, 1, 2)}
        for mode in MODES[:4]
    }
    return {
        "draw_accuracy_against_bits": runs,
        "draw_accuracy_against_bytes": runs | {"bytes": {None: str(tmp_path / "costs.csv")}},
        "draw_speed_up": {"speed": {None: str(tmp_path / "speed.csv")}},
        "draw_gradients": pulls,
    }


def test_two_processes_draw_the_same_bytes(inputs, tmp_path):
    """Another process, hash seed and time zone give the same SVG and PNG of every figure."""
    check_two_processes(__file__, STEPS, inputs, tmp_path)


@pytest.mark.parametrize("step", STEPS)
def test_pictures_have_content_and_room(step, inputs, tmp_path):
    """A picture is drawn on, and nothing is cut off at its edge."""
    check_content_and_room(draw(STEPS[step], inputs[step], tmp_path / "here"))


@pytest.mark.parametrize("name", ["bits", "bytes", "speed", "gradients"])
def test_no_words_overlap(name):
    """No label, tick or title of a figure lies on another one."""
    drawing = pictures()[name]
    drawing.draw_without_rendering()
    words = [
        (text.get_text(), text.get_window_extent())
        for axes in drawing.axes
        for text in (
            *axes.texts,
            *axes.get_xticklabels(),
            *axes.get_yticklabels(),
            axes.title,
            axes._left_title,
            axes.xaxis.label,
            axes.yaxis.label,
        )
        if text.get_text()
    ]

    for at, (one, here) in enumerate(words):
        for other, there in words[:at]:
            crossing = min(here.x1, there.x1) - max(here.x0, there.x0)
            standing = min(here.y1, there.y1) - max(here.y0, there.y0)
            assert crossing < 2 or standing < 3, f"{one!r} lies on {other!r}"
