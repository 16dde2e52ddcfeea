"""The figures: where things stand, what is said, and bytes that two processes agree on."""

import hashlib
import math
import os
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.errors import HarnessError
from harness.formats import arrays as folders
from harness.formats import rows
from reproductions.nonn.drawing import accuracy, curves, network
from reproductions.nonn.drawing.layout import ring, spread, sunflower
from reproductions.nonn.drawing.palette import look

DRAWINGS = {
    "draw_activation_network": {"students": 2, "keep_percentile": 50.0},
    "draw_accuracy_against_bytes": {},
    "draw_training_curves": {},
}


def score(name, students, partition, value, *, distilled=True, size=4000, **seed):
    """Make one row of scores, as a training stage writes it."""
    return {
        **seed,
        "network": name,
        "students": students,
        "partition": partition,
        "distilled": distilled,
        "parameters": size // 4,
        "bytes": size,
        "accuracy": value,
        "validation_accuracy": value,
    }


def history(name, epochs=5):
    """Make the rows of one network's history."""
    return [
        {
            "network": name,
            "epoch": epoch,
            "loss": 2.0 / epoch,
            "train_accuracy": 99.0 - 20 / epoch,
            "validation_accuracy": 98.0 - 20 / epoch,
        }
        for epoch in range(1, epochs + 1)
    ]


TEACHER = [score("wrn16-4", 1, "none", 98.5, distilled=False, size=11_000_000)]
OTHERS = [
    score("wrn10-1", 2, "communities", 97.0, size=330_000),
    score("wrn10-1", 4, "communities", 97.1, size=320_000),
    score("wrn10-1", 2, "random", 96.0, size=329_000),
    score("wrn10-1", 1, "none", 95.0, distilled=False, size=310_000),
]


@pytest.fixture
def inputs(tmp_path):
    """Write what the three drawings read and return the paths, by drawing and name."""
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
        "draw_training_curves": {
            "teacher": tmp_path / "large.csv",
            "students": tmp_path / "students.csv",
        },
    }


def digests(folder):
    """Hash the files of a figure."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).iterdir())
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


def test_looks_differ_in_colour_and_mark_together():
    """Seventy series differ, and eight differ in their mark alone."""
    assert len({(look(at).colour, look(at).marker) for at in range(70)}) == 70
    assert len({look(at).marker for at in range(8)}) == 8


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 120), st.integers(0, 7)), min_size=1, max_size=16))
def test_discs_of_the_ring_do_not_overlap(members):
    """Whatever the sizes of the communities, their discs stand apart and hold their filters."""
    members.sort(key=lambda member: member[1])
    counts, groups = zip(*members, strict=True)

    discs = ring(counts, groups)

    for one, other in combinations(discs, 2):
        assert math.dist(one.centre, other.centre) > one.radius + other.radius
    for disc, count in zip(discs, counts, strict=True):
        assert all(math.dist(disc.centre, at) < disc.radius for at in sunflower(count, disc.centre))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=9), st.floats(0.5, 20))
def test_labels_stand_apart_in_their_order(wanted, apart):
    """Labels keep their order, do not touch, and move only where they would."""
    placed = spread(wanted, apart)

    ranked = [placed[at] for at in sorted(range(len(wanted)), key=lambda at: (wanted[at], at))]
    assert all(high - low >= apart - 1e-9 for low, high in pairwise(ranked))
    if all(high - low >= apart for low, high in pairwise(sorted(wanted))):
        assert placed == wanted


def test_communities_of_a_student_stand_side_by_side():
    """Groups are ordered by student and size, their filters by activity."""
    assignment = [
        {"students": 2, "student": student, "filter": number, "community": community}
        for number, (student, community) in enumerate([(1, 2), (0, 0), (1, 1), (1, 1), (0, 3)])
    ]

    groups = network.groups_of(assignment, 2, [1.0, 1.0, 2.0, 3.0, 1.0])

    assert [(group.student, group.filters) for group in groups] == [
        (0, (1,)),
        (0, (4,)),
        (1, (3, 2)),
        (1, (0,)),
    ]


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


def test_marks_average_over_seeds():
    """Three seeds make one mark with their mean and sample deviation."""
    found = [score("a", 2, "random", value, seed=at) for at, value in enumerate((90, 92, 94))]

    (mark,) = accuracy.marks_of(found)

    assert (mark.accuracy, mark.deviation, mark.label) == (92.0, 2.0, "N = 2")
    assert mark.series == "a, filters by chance"


def test_accuracy_needs_a_teacher_and_others():
    """Without a teacher, or without anything to compare, there is no picture."""
    with pytest.raises(HarnessError, match="not 1 and 0"):
        accuracy.picture(TEACHER, [])
    with pytest.raises(HarnessError, match="not 0 and 4"):
        accuracy.picture([], OTHERS)


def test_curves_show_mean_and_range_of_the_seeds():
    """A curve has the mean of its seeds and reaches from the lowest to the highest."""
    found = [{"epoch": epoch, "loss": value} for epoch, value in ((2, 1.0), (1, 4.0), (2, 3.0))]

    curve = curves.curve_of(found, "loss")

    assert (curve.epochs, curve.mean) == ([1, 2], [4.0, 2.0])
    assert (curve.low, curve.high) == ([4.0, 1.0], [4.0, 3.0])


def test_names_are_shortened_to_what_differs():
    """Words that all curves of a stage share are left out of their labels."""
    assert curves.short_names(["wrn10-1 N=2 random", "wrn10-1 N=4 random"]) == ["N=2", "N=4"]
    assert curves.short_names(["wrn16-4"]) == ["wrn16-4"]


def test_curves_need_a_history():
    """A stage without rows gives an error and no empty picture."""
    with pytest.raises(HarnessError, match="history of at least one stage"):
        curves.picture({"teacher": []})
