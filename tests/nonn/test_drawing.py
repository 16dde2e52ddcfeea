"""The figures: where things stand, what is said, and bytes that two processes agree on."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from drawn import digests
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.errors import HarnessError
from harness.formats import arrays as folders
from harness.formats import rows
from reproductions.drawing.labels import Box, box, place
from reproductions.drawing.layout import spread
from reproductions.drawing.palette import MARKERS, look
from reproductions.nonn.drawing import accuracy, curves, latency, network, pareto, survivors
from reproductions.nonn.drawing.ring import ring, sunflower
from reproductions.nonn.params.drawing import LatencyAgainstLinkParams

DRAWINGS = {
    "draw_activation_network": {"students": 2, "keep_percentile": 50.0},
    "draw_accuracy_against_bytes": {},
    "draw_accuracy_against_survivors": {"classes": 10},
    "draw_latency_against_link": {"devices": (2, 4), "latency_ms": 0.5},
    "draw_training_curves": {},
}


def score(
    name, students, partition, value, *, distilled=True, training="together", size=4000, **seed
):
    """Make one row of scores, as a training stage writes it."""
    return {
        **seed,
        "network": name,
        "students": students,
        "partition": partition,
        "distilled": distilled,
        "training": training,
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


def survivors_of(students, dropout, **seed):
    """Make the rows of one system: each student that answers adds its number to the accuracy."""
    return [
        {
            **seed,
            "dropout": dropout,
            "students": students,
            "surviving": count,
            "answering": "+".join(map(str, chosen)),
            "accuracy": 20.0 + 10 * count + sum(chosen) + 30 * dropout,
        }
        for count in range(students, 0, -1)
        for chosen in combinations(range(students), count)
    ]


def prediction(method, devices, megabits, total, *, latency=0.5, form=None, **more):
    """Make one row of a simulation."""
    return {
        "method": method,
        "network": "wrn10-1",
        "devices": devices,
        "form": form,
        "precision": form and "float32",
        "bandwidth_mbit": megabits,
        "latency_ms": latency,
        "compute_ms": total / 2,
        "transfer_ms": total / 2,
        "total_ms": total,
        "compute": "measured" if devices == 2 else "scaled",
        "record": "0001",
        "current": True,
        "complete": True,
    } | more


PREDICTED = [
    *(prediction("nonn", n, m, 4 + 100 / m, form="features") for n in (2, 4) for m in (100, 1, 10)),
    *(prediction("nonn", 2, m, 3 + 90 / m, form="logits") for m in (1, 10)),
    *(prediction("nonn", 2, m, 9 + 100 / m, latency=5, form="features") for m in (1, 10)),
    *(prediction("split-student", n, m, 9 + 9000 / m) for n in (2, 4) for m in (1, 10, 100)),
    *(prediction("split-teacher", n, m, 50 + 40000 / m) for n in (2, 4) for m in (1, 10, 100)),
]


def measurement(students, link, time, **more):
    """Make one row of a deployment's summary."""
    return {
        "system": "nonn",
        "students": students,
        "node": "all",
        "form": "features",
        "precision": "float32",
        "link": link,
        "median_ms": time,
    } | more


MEASURED = [
    measurement(1, "10 Mbit/s", 60.0, system="teacher", form="logits"),
    measurement(2, "none", 5.0),
    measurement(2, "2.5 Mbit/s", 49.0),
    measurement(2, "10 Mbit/s", 16.0),
    measurement(2, "10 Mbit/s", 15.0, precision="int8"),
    measurement(2, "10 Mbit/s", 9.0, node="0"),
    measurement(4, "10 Mbit/s", "unavailable"),
    measurement(8, "10 Mbit/s", 17.0),
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
@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=9),
    st.floats(0.5, 20),
    st.sampled_from([-math.inf, -50.0, 0.0]),
)
def test_labels_stand_apart_in_their_order(wanted, apart, lowest):
    """Labels keep their order, do not touch, end where allowed, and move only where they must."""
    placed = spread(wanted, apart, lowest)

    ranked = [placed[at] for at in sorted(range(len(wanted)), key=lambda at: (wanted[at], at))]
    assert all(high - low >= apart - 1e-9 for low, high in pairwise(ranked))
    assert min(placed) >= lowest
    if min(wanted) >= lowest and all(high - low >= apart for low, high in pairwise(sorted(wanted))):
        assert placed == pytest.approx(wanted)


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

    (mark,) = pareto.marks_of({"by_chance": found})

    assert (mark.accuracy, mark.deviation, mark.label) == (92.0, 2.0, "N = 2")
    assert (mark.series, mark.kilobytes) == ("by chance, a", 4.0)


def test_series_are_named_by_their_input_and_by_what_varies_in_it():
    """Systems that differ only by their input or in one column are series of their own."""
    lone = [score("a", 1, "none", 90, distilled=flag) for flag in (False, True)]
    mixed = [score("a", 2, kind, 90) for kind in ("random", "communities")]
    drilled = [score("a", 2, "random", 91, training=kind) for kind in ("together", "alone")]
    scores = {"one_student": lone, "mixed": mixed, "with_dropout": drilled}

    assert [mark.series for mark in pareto.marks_of(scores)] == [
        "one student, a, not distilled",
        "one student, a, distilled",
        "mixed, a, partition random",
        "mixed, a, partition communities",
        "with dropout, a, training together",
        "with dropout, a, training alone",
    ]


def mark(kilobytes, value):
    """Make a mark without seeds."""
    return pareto.Mark("a", "N = 2", kilobytes, value, 0.0)


MARKS = st.lists(
    st.builds(mark, st.integers(1, 9).map(float), st.integers(90, 99).map(float)),
    min_size=1,
    max_size=12,
)


@given(MARKS)
def test_front_has_every_mark_that_none_betters_and_no_other(marks):
    """On the front accuracy rises with bytes; every mark off it has a better one on it."""
    best = pareto.front(marks)

    for one, other in pairwise(best):
        assert one == other or (one.kilobytes < other.kilobytes and one.accuracy < other.accuracy)
    for each in marks:
        reached = max(
            (one.accuracy for one in best if one.kilobytes <= each.kilobytes), default=-1.0
        )
        assert (reached == each.accuracy and each in best) or (
            each not in best and reached >= each.accuracy
        )


def test_front_is_a_stair():
    """Between two members a number of kB buys what the cheaper one reaches."""
    best = pareto.front([mark(5.0, 97.0), mark(2.0, 95.0), mark(3.0, 94.0)])

    assert pareto.steps(best, 9.0) == [(2.0, 95.0), (5.0, 95.0), (5.0, 97.0), (9.0, 97.0)]


@pytest.mark.parametrize(
    ("kilobytes", "expected"),
    [
        ([300.0, 2770.0, 320.0], [[300.0, 320.0], [2770.0]]),
        ([2.0, 1.0, 40.0, 10.0], [[1.0, 2.0], [10.0, 40.0]]),
        ([300.0, 400.0, 500.0], [[300.0, 400.0, 500.0]]),
        ([300.0], [[300.0]]),
    ],
)
def test_axis_breaks_once_at_its_widest_gap(kilobytes, expected):
    """A teacher of many times the bytes does not press the others together."""
    found = pareto.panels([mark(size, 95.0) for size in kilobytes])

    assert [[one.kilobytes for one in panel] for panel in found] == expected


FRAME = Box(0, 0, 330, 230)
PLACES = st.tuples(st.integers(8, 322), st.integers(8, 222))


@settings(max_examples=80, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=14), st.lists(PLACES, max_size=4))
def test_labels_lie_on_no_mark_and_on_no_other_label(centres, ends):
    """Wherever marks lie, even upon each other, their labels are inside, apart, and repeatable."""
    marks = [box(centre, (9.5, 9.5)) for centre in centres]
    lines = [Box(x - 1, 0, x + 1, y) for x, y in ends]
    sizes = [(28.0 + 6 * (at % 2), 9.6) for at in range(len(marks))]

    placed = place(marks, sizes, lines, FRAME)

    assert placed == place(marks, sizes, lines, FRAME)
    assert all(FRAME.holds(label) for label in placed)
    assert not any(one.meets(other) for one, other in combinations(placed, 2))
    assert not any(label.meets(each) for label in placed for each in marks)


def test_label_moves_away_from_a_line_and_from_the_edge():
    """The usual place is at the right; a line there, or the end of the frame, moves the label."""
    here = box((100, 100), (10, 10))

    (usual,) = place([here], [(30, 10)], [], FRAME)
    (moved,) = place([here], [(30, 10)], [Box(100, 99, 330, 101)], FRAME)
    (turned,) = place([here], [(30, 10)], [], Box(0, 0, 130, 230))

    assert usual.left > here.right
    assert usual.centre[1] == 100
    assert moved.right < here.left
    assert turned.right < here.left


def test_labels_of_a_full_frame_stand_beside_their_marks():
    """Where there is no room at all, labels are written all the same."""
    here = box((10, 10), (10, 10))

    assert place([here], [(30, 10)], [], Box(0, 0, 20, 20))[0].left > here.right


def test_accuracy_needs_a_teacher_and_others():
    """Without a teacher, or without anything to compare, there is no picture."""
    with pytest.raises(HarnessError, match="it has 1 systems from the inputs teacher"):
        accuracy.picture({"teacher": TEACHER})
    with pytest.raises(HarnessError, match="it has 4 systems from the inputs others"):
        accuracy.picture({"others": OTHERS})


@given(MARKS)
def test_marks_of_the_same_bytes_are_drawn_side_by_side(marks):
    """Marks are drawn apart in the order of their bytes, the best of equals first; few move."""
    named = [replace(one, label=str(at)) for at, one in enumerate(marks)]
    panel = accuracy.Panel(pareto.panels(named)[0], FRAME, (0.5, 20.0), (80.0, 100.0))

    shown = panel.shown()

    ordered = list(shown.values())
    for one, other in pairwise(ordered):
        here, there = panel.at(one.kilobytes, 90), panel.at(other.kilobytes, 90)
        assert there[0] - here[0] >= 6.98  # rounded to a hundredth of a point
    for one, other in pairwise(shown):
        assert (one.kilobytes, -one.accuracy) <= (other.kilobytes, -other.accuracy)
    if len({one.kilobytes for one in shown}) == len(shown):
        assert list(shown) == ordered  # 9 and 8 kB are 10 points apart


def test_marks_on_the_front_are_filled_and_the_others_hollow():
    """The front is told apart by form, and each system is drawn where its score says."""
    drawn = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_markerfacecolor()
        for axes in accuracy.picture({"teacher": TEACHER, "others": OTHERS}).axes
        for line in axes.get_lines()
        if line.get_transform() == axes.transData and len(line.get_xdata()) == 1
    }

    assert {at for at, face in drawn.items() if face != "white"} == {
        (310.0, 95.0),
        (320.0, 97.1),
        (11_000.0, 98.5),
    }
    assert {at for at, face in drawn.items() if face == "white"} == {(329.0, 96.0), (330.0, 97.0)}


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


def test_survivors_have_the_mean_and_range_of_their_subsets():
    """A subset is averaged over its seeds; the marks average subsets, the bars span them."""
    other = [row | {"accuracy": row["accuracy"] + 2} for row in survivors_of(3, 0.0, seed=1)]

    found = survivors.curves_of(survivors_of(3, 0.0, seed=0) + other)

    assert list(found) == [3]
    curve = found[3][0.0]
    # One student: 30 + 0, 1, 2; two: 40 + 1, 2, 3; three: 50 + 3; the seeds add 1 on average.
    assert (curve.surviving, curve.mean) == ([1, 2, 3], [32.0, 43.0, 54.0])
    assert (curve.low, curve.high) == ([31.0, 42.0, 54.0], [33.0, 44.0, 54.0])


def test_survivors_are_drawn_by_size_of_system_with_the_line_of_chance():
    """There is a panel for each number of students, and chance is that of the classes."""
    rows_ = survivors_of(4, 0.3) + survivors_of(2, 0.0) + survivors_of(4, 0.0)

    drawing = survivors.picture(rows_, 20)

    assert [axes.get_title(loc="left") for axes in drawing.axes] == ["N = 2", "N = 4"]
    assert [len(axes.containers) for axes in drawing.axes] == [1, 2]
    assert [text.get_text() for text in drawing.legends[0].get_texts()] == [
        "trained without dropout",
        "trained with student dropout 0.3",
    ]
    for axes in drawing.axes:
        assert any(list(line.get_ydata()) == [5.0, 5.0] for line in axes.get_lines())


def test_survivors_told_twice_are_refused():
    """Two rows for the same students would be averaged in silence, and none draw nothing."""
    twice = survivors_of(2, 0.3, seed=0) * 2
    with pytest.raises(HarnessError, match=r"2 rows .* students 0\+1 of 2, dropout 0.3, seed 0"):
        survivors.picture(twice, 10)
    with pytest.raises(HarnessError, match="no rows to draw"):
        survivors.picture([], 10)


def shown(**chosen):
    """Make the parameters of the picture of latency."""
    return LatencyAgainstLinkParams.model_validate({"devices": (2, 4), "latency_ms": 0.5} | chosen)


def test_latency_follows_what_the_parameters_choose():
    """Of NoNN one form is drawn, of every method one link latency, by rising bandwidth."""
    found = latency.courses_of(PREDICTED, shown())

    assert [(course.method, course.devices, course.scaled) for course in found] == [
        (method, devices, devices == 4)
        for method in ("nonn", "split-student", "split-teacher")
        for devices in (2, 4)
    ]
    assert found[0].megabits == [1.0, 10.0, 100.0]
    assert found[0].milliseconds == [104.0, 14.0, 5.0]
    assert [course.name for course in found[:2]] == ["NoNN, N = 2", "NoNN, N = 4 *"]
    (logits, *_) = latency.courses_of(PREDICTED, shown(form="logits"))
    assert logits.milliseconds == [93.0, 12.0]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"devices": (2, 8)}, "no prediction for 8 devices"),
        ({"latency_ms": 2.0}, "latency of 2 ms .* the rows have 2 4 devices; 0.5 5 ms"),
        ({"precision": "int8", "devices": (3,)}, "features in int8; .* features logits; float32"),
    ],
)
def test_latency_that_was_not_predicted_is_named(chosen, said):
    """A choice that the simulation did not make tells which there are."""
    with pytest.raises(HarnessError, match=said):
        latency.courses_of(PREDICTED, shown(**chosen))


def test_latency_predicted_twice_is_refused():
    """Rows of two networks for one line would make a zigzag."""
    with pytest.raises(HarnessError, match="several rows predict nonn on 2 devices at 1 Mbit/s"):
        latency.courses_of([*PREDICTED, PREDICTED[1] | {"network": "other"}], shown())


def test_measured_latencies_stand_where_they_were_measured():
    """A shaped link's point has the mark of its number of devices; what is not shown is left out.

    The whole teacher is drawn with one device.
    """
    chosen = shown(devices=(2, 1), latency_ms=0.5)
    alone = prediction("split-teacher", 1, 10, 55.0)
    (axes,) = latency.picture([*PREDICTED, alone], MEASURED, chosen).axes

    points = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_marker()
        for line in axes.get_lines()
        if len(line.get_xdata()) == 1 and line.get_markerfacecolor() == "none"
    }
    assert points == {(2.5, 49.0): MARKERS[0], (10.0, 16.0): MARKERS[0], (10.0, 60.0): MARKERS[1]}
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_notes_tell_what_predictions_rest_on():
    """Scaled compute times, and a record that is stale or not complete, are told in the picture."""
    sound = latency.notes_of(latency.courses_of(PREDICTED, shown()), PREDICTED, shown())
    (first, *_) = courses = latency.courses_of(PREDICTED, shown(devices=(2,)))
    broken = [row | {"current": False, "complete": False} for row in PREDICTED]
    stale = latency.notes_of(courses, broken, shown())

    assert not first.scaled
    assert "links of 0.5 ms one way" in sound[0]
    assert sound[1:] == [
        "Compute times from record 0001 of the deployment.",
        "* Compute time scaled by multiply-adds from that of another number of nodes.",
    ]
    assert stale[2:] == [
        "The record was measured on other networks than the present ones.",
        "The record is not complete.",
    ]
