"""The figures' files: bytes that two processes agree on, content and room."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawn import digests
from nonn_drawing_samples import MEASURED, OTHERS, PREDICTED, TEACHER, history, survivors_of
from PIL import Image

from harness.errors import HarnessError
from harness.formats import arrays as folders
from harness.formats import rows

DRAWINGS = {
    "draw_activation_network": {"students": 2, "keep_percentile": 50.0},
    "draw_accuracy_against_bytes": {},
    "draw_accuracy_against_survivors": {"classes": 10},
    "draw_latency_against_link": {"devices": (2, 4), "latency_ms": 0.5},
    "draw_training_curves": {},
}


@pytest.fixture
def inputs(tmp_path):
    """Write what the drawings read and return the paths, by drawing and name."""
    random = np.random.default_rng(0)
    upper = np.triu(random.random((20, 20)), 1)
    graph = {"weights": upper + upper.T, "label_all": random.random((20, 10))}
    folders.write_folder(tmp_path / "graph", graph, {})
    assignment = [
        {"students": 2, "student": number % 2, "filter": number, "community": number % 3}
        for number in range(15)
    ]
    tables = {
        "assignment": assignment,
        "teacher": TEACHER,
        "others": OTHERS,
        "students": history("wrn10-1 N=2") + history("wrn10-1 N=4"),
        "large": history("wrn16-4"),
        "without": survivors_of(2, 0.0) + survivors_of(4, 0.0),
        "with": survivors_of(4, 0.3),
        "simulation": PREDICTED,
        "measured": MEASURED,
    }
    for name, table in tables.items():
        rows.write(tmp_path / f"{name}.csv", table)
    return {
        "draw_activation_network": {
            "graph": tmp_path / "graph",
            "assignment": tmp_path / "assignment.csv",
        },
        "draw_accuracy_against_bytes": {
            "teacher": tmp_path / "teacher.csv",
            "others": tmp_path / "others.csv",
        },
        "draw_accuracy_against_survivors": {
            "without": tmp_path / "without.csv",
            "with": tmp_path / "with.csv",
        },
        "draw_latency_against_link": {
            "simulation": tmp_path / "simulation.csv",
            "measured": tmp_path / "measured.csv",
        },
        "draw_training_curves": {
            "teacher": tmp_path / "large.csv",
            "students": tmp_path / "students.csv",
        },
    }


_PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from conftest import execute
execute({step!r}, {params!r}, {inputs!r}, Path({folder!r}))
"""


@pytest.mark.parametrize("step", DRAWINGS)
def test_two_processes_draw_the_same_bytes(step, inputs, run_step, tmp_path):
    """Another process, hash seed and time zone give the same SVG and PNG."""
    here = run_step(step, DRAWINGS[step], inputs[step])["figure"]
    program = _PROCESS.format(
        here=str(Path(__file__).parent),
        step=step,
        params=DRAWINGS[step],
        inputs={name: str(path) for name, path in inputs[step].items()},
        folder=str(tmp_path / "elsewhere"),
    )
    changed = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "2"}

    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | changed)

    assert set(digests(here)) == {"figure.svg", "figure.png"}
    assert digests(tmp_path / "elsewhere" / "figure" / "figure") == digests(here)


@pytest.mark.parametrize("step", DRAWINGS)
def test_pictures_have_content_and_room(step, inputs, run_step):
    """A picture is drawn on, and nothing is cut off at its edge."""
    figure = run_step(step, DRAWINGS[step], inputs[step])["figure"]
    pixels = np.asarray(Image.open(figure / "figure.png").convert("L"))

    assert (pixels < 250).mean() > 0.01
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert edge.min() == 255


def test_missing_partition_is_named(inputs, run_step):
    """Drawing a partition that was not made tells which there are."""
    with pytest.raises(HarnessError, match="no partition for 4 students; it has those for 2"):
        run_step("draw_activation_network", {"students": 4}, inputs["draw_activation_network"])


def test_network_of_the_first_seed_is_drawn(inputs, run_step, tmp_path):
    """Of stages that ran for several seeds the picture shows the first, whole and alone."""
    paths = inputs["draw_activation_network"]
    other = tmp_path / "other.csv"
    rows.write(other, [{"students": 2, "student": 0, "filter": 0, "community": 0}])
    seeded = {
        "graph": {3: paths["graph"], 4: tmp_path / "absent"},
        "assignment": {3: paths["assignment"], 4: other},
    }
    params = DRAWINGS["draw_activation_network"]

    alone = run_step("draw_activation_network", params, paths)["figure"]
    first = run_step("draw_activation_network", params, seeded, 1)["figure"]

    assert digests(first) == digests(alone)
