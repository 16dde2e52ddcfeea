"""The figures of the ensembles: what stands where, and bytes that two processes share."""

from itertools import pairwise
from statistics import stdev

import numpy as np
import pytest
from drawn import check_content_and_room, check_two_processes, draw
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats import rows as tables
from reproductions.drawing.labels import Box
from reproductions.ensemble_kd.drawing import accuracy, ends, gradients, speed, stored
from reproductions.ensemble_kd.drawing import bytes as sizes
from reproductions.ensemble_kd.drawing.panel import Panel, Scale
from reproductions.ensemble_kd.drawing.scores import SEPARATE, scored
from reproductions.ensemble_kd.drawing.ticks import ticks
from reproductions.ensemble_kd.drawing.widths import looks
from reproductions.ensemble_kd.params.drawing import (
    AccuracyAgainstBitsParams,
    AccuracyAgainstBytesParams,
    GradientsParams,
    SpeedUpParams,
    System,
)

WIDTHS = (32, 8, 4, 2, 1)
MODES = ("plain", "simple", "progressive", "two-stage", "ensemble-teacher")
BYTES = AccuracyAgainstBytesParams(network="resnet")


def scores(system, seed, less=0.0):
    """Make a run's scores of one system, `less` below those of separate models."""
    return [
        {
            "system": system,
            "bits": bits,
            "accuracy": round(97 - 9 / bits**1.6 - less * (1 + 1 / bits) + seed / 10, 3),
        }
        for bits in WIDTHS
    ]


def norms(system, seed):
    """Make a run's gradient norms."""
    return [
        {
            "system": system,
            "epoch": epoch,
            "bits": bits,
            "norm": norm / epoch * (1 + seed / 9),
        }
        for epoch in (1, 2, 3)
        for bits, norm in zip(WIDTHS, (3.8, 52.7, 54.7, 33.5, 2.1), strict=True)
    ]


ALONE = {1: 52_000, 2: 71_000, 4: 115_000, 8: 205_000, 32: 741_000}
STORE, SHARED = 231_000, 781_000


def cost(form, bits, size, network="resnet"):
    """Make a row of the cost count."""
    return {"network": network, "form": form, "bits": bits, "bytes": size}


COSTS = [
    *(cost("float" if bits == 32 else "packed", bits, size) for bits, size in ALONE.items()),
    cost("separate", 32, 5 * 741_000),
    cost("shared", 32, SHARED),
    cost("store", 8, STORE),
    cost("float", 32, 44_000_000, "large"),
]
SPEED = [
    {"layer": layer, "bits": bits, "speed_up": value}
    for layer, values in {
        "56x56x64": (1.0, 0.71, 1.3, 3.2, 6.1),
        "7x7x512": (1.0, 1.4, 2.2, 6.3, 12.7),
        "whole network": (1.0, 0.5, 1.1, 2.1, 3.1),
    }.items()
    for bits, value in zip(WIDTHS, values, strict=True)
]

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


def pictures():
    """Draw every figure with all systems."""
    separate = [{"seed": seed, **row} for seed in (0, 1) for row in scores("separate", seed)]
    others = [
        {"seed": seed, **row}
        for at, mode in enumerate(MODES)
        for seed in (0, 1)
        for row in scores(mode, seed, at / 3)
    ]
    return {
        "bits": accuracy.picture(separate, others, ()),
        "bytes": sizes.picture(separate, others, COSTS, BYTES),
        "speed": speed.picture(SPEED),
        "gradients": gradients.picture([row for mode in MODES for row in norms(mode, 0)], ()),
    }


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


def test_accuracy_is_the_mean_over_seeds_with_its_deviation():
    """Each width of a system has the mean and the sample deviation of its seeds."""
    rows = [{"seed": seed, **row} for seed in (0, 1, 2) for row in scores("plain", seed, 1)]

    alone, (system,) = scored(rows, rows, ())

    assert alone.look == SEPARATE
    assert list(system.means()) == [1, 2, 4, 8, 32]
    own = [row["accuracy"] for row in rows if row["bits"] == 2]
    assert system.means()[2].value == pytest.approx(sum(own) / 3)
    assert system.means()[2].deviation == pytest.approx(stdev(own))


def test_differences_are_taken_seed_by_seed():
    """What all systems of a seed have in common is not in the deviation of a difference."""
    alone, (system,) = scored(
        [{"seed": seed, **row} for seed in (0, 7) for row in scores("alone", seed)],
        [{"seed": seed, **row} for seed in (0, 7, 9) for row in scores("plain", seed, 1)],
        (),
    )

    beyond = system.beyond(alone)

    assert system.means()[1].deviation > 0.3
    assert beyond[1].deviation == pytest.approx(0, abs=1e-9)
    assert beyond[1].value == pytest.approx(-2)
    assert beyond[32].value == pytest.approx(-1.03125, abs=2e-3)


def test_widths_stand_at_equal_distances_and_systems_side_by_side():
    """The axis is ordinal, each width is named once, and no two marks share a place."""
    upper, lower = pictures()["bits"].axes

    assert [text.get_text() for text in lower.get_xticklabels()] == ["1", "2", "4", "8", "32"]
    assert list(lower.get_xticks()) == [0, 1, 2, 3, 4]
    assert upper.get_xlim() == lower.get_xlim()
    lines = [one.lines[0] for one in upper.containers]
    assert len(lines) == 6
    places = np.array([line.get_xdata() for line in lines], float)
    assert (np.diff(places, axis=0) > 0.05).all()
    assert (np.rint(places) == np.arange(5)).all()
    assert len(lower.containers) == 5


def test_systems_are_those_that_are_asked_for_in_their_order():
    """A figure shows the systems of its parameters, under the labels that they have there."""
    rows = [row for mode in MODES for row in scores(mode, 0)]
    shown = [System(name="simple", label="taught"), System(name="plain", label="untaught")]

    upper, _ = accuracy.picture(scores("separate", 0), rows, shown).axes

    assert {text.get_text() for text in upper.texts} == {"separate models", "taught", "untaught"}


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=9))
def test_names_beside_the_axes_stay_apart_and_in_order(wanted):
    """Names never touch, none is above the axes, and they are in the order of their lines."""
    found = ends.heights(wanted, 100)

    order = sorted(range(len(wanted)), key=lambda at: (-wanted[at], at))
    assert all(found[high] - found[low] > 11.4 for high, low in pairwise(order))
    assert max(found) <= 100 + 1e-9


def test_bytes_are_those_that_serve_a_width():
    """Widths that divide 8 come from the store, others from shared weights; models are packed."""
    found = stored.sizes_of([*COSTS, cost("packed", 3, 90_000)], "resnet")

    assert found.separate == {**ALONE, 3: 90_000}
    assert found.together == {1: STORE, 2: STORE, 3: SHARED, 4: STORE, 8: STORE, 32: SHARED}


def test_store_stands_beside_all_separate_models():
    """Lines tell the store, with the widths that it serves, and the sum of the models."""
    (axes,) = pictures()["bytes"].axes

    upright = [
        line.get_xdata()[0]
        for line in axes.get_lines()
        if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
    ]
    assert upright == [STORE, sum(ALONE.values())]
    said = {text.get_text() for text in axes.texts}
    assert "one store, 1, 2, 4 and 8 bits\n231 kB" in said
    assert "5 separate models\n1\N{NARROW NO-BREAK SPACE}180 kB" in said
    assert axes.get_xscale() == "log"


def test_separate_models_lie_at_their_bytes():
    """Separate models are joined at exactly their bytes; shared ones lie about their store."""
    (axes,) = pictures()["bytes"].axes

    alone, *shared = [one.lines[0] for one in axes.containers]

    assert list(alone.get_xdata()) == list(ALONE.values())
    assert alone.get_linestyle() == "-"
    middle = np.array([line.get_xdata() for line in shared], float)
    assert np.exp(np.log(middle).mean(axis=0)) == pytest.approx([STORE] * 4 + [SHARED], rel=1e-4)


@pytest.mark.parametrize(
    ("separate", "others", "costs", "said"),
    [
        ([], scores("plain", 0), COSTS, "has 0 rows of separately trained networks and 5"),
        (scores("separate", 0), [], COSTS, "5 rows of separately trained networks and 0"),
        (
            scores("separate", 0),
            scores("plain", 0) * 2,
            COSTS,
            "two rows tell the accuracy of system 'plain' at 32 bits, seed 0",
        ),
        (
            scores("separate", 0),
            [{"system": "plain", "bits": 4}],
            COSTS,
            "needs a number in the column 'accuracy'; a row has system plain, bits 4",
        ),
        (
            scores("separate", 0),
            [{"system": "plain", "bits": 4.5, "accuracy": 9}],
            COSTS,
            "needs a whole number in the column 'bits'",
        ),
        (
            scores("separate", 0),
            scores("plain", 0),
            COSTS[-1:],
            "has no network 'resnet'; it has l",
        ),
        (scores("separate", 0), scores("plain", 0), [], "has no network 'resnet'; it has no rows"),
        (
            scores("separate", 0),
            scores("plain", 0),
            COSTS * 2,
            "has 2 rows of network 'resnet' in the form 'float'",
        ),
        (
            scores("separate", 0),
            scores("plain", 0),
            COSTS[:-2],
            "has 0 rows of network 'resnet' in the form 'store'",
        ),
        (
            scores("separate", 0),
            [{"system": "plain", "bits": 7, "accuracy": 50}],
            COSTS,
            r"no width of 'plain' has bytes; there are scores of \[7\] bits",
        ),
    ],
)
def test_accuracy_that_cannot_be_drawn_is_refused(separate, others, costs, said):
    """Nothing to draw, cells that lack and what is told twice give an error and no picture."""
    with pytest.raises(HarnessError, match=said):
        sizes.picture(separate, others, costs, BYTES)


def test_system_without_rows_is_named():
    """A misspelt system is told with those that there are, and not left out."""
    shown = [System(name="simpel", label="simple")]

    with pytest.raises(HarnessError, match="no rows of the system 'simpel'; it has plain, simple"):
        accuracy.picture(scores("separate", 0), scores("plain", 0) + scores("simple", 0), shown)


def test_labels_that_do_not_fit_beside_the_axes_are_refused():
    """A label has 32 characters or fewer."""
    with pytest.raises(ValidationError, match="at most 32 characters"):
        System(name="plain", label="shared weights, without any distillation")


def test_bars_go_up_where_a_width_is_faster_and_down_where_it_is_slower():
    """A bar reaches from 1 to the speed-up; those that lose are hatched, and the ground is told."""
    axes = speed.picture(SPEED).axes[0]

    bars = [patch for one in axes.containers for patch in one.patches]
    reached = [round(bar.get_y() + bar.get_height(), 4) for bar in bars]
    assert reached == [6.1, 3.2, 1.3, 0.71, 12.7, 6.3, 2.2, 1.4, 3.1, 2.1, 1.1, 0.5]
    assert [value for value, bar in zip(reached, bars, strict=True) if bar.get_hatch()] == [
        0.71,
        0.5,
    ]
    assert {bar.get_y() for bar in bars} == {1}
    said = [text.get_text() for text in axes.texts]
    assert said[-1] == "slower than fp32"
    assert said[:4] == ["6.1", "3.2", "1.3", "0.71"]
    assert axes.get_ylim()[0] < 0.5
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "56x56x64", "7x7x512", "whole network"
    ]  # fmt: skip


def test_nothing_is_called_slower_where_nothing_is():
    """Without a loss, the ground below 1 is neither shaded nor named."""
    faster = [{**row, "speed_up": row["speed_up"] * 4} for row in SPEED]

    (axes,) = speed.picture(faster).axes

    assert "slower than fp32" not in {text.get_text() for text in axes.texts}


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.5, "0.50"), (0.994, "0.99"), (0.999, "1.0"), (9.94, "9.9"), (9.96, "10"), (123.4, "123")],
)
def test_speed_ups_are_written_without_exponents(value, said):
    """Two figures are told, and whole numbers of ten and more."""
    assert speed.shown(value) == said


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has 0 rows, and none of fewer than 32 bits"),
        (SPEED[:1], "has 1 rows, and none of fewer"),
        ([SPEED[1]] * 2, "two rows tell the speed-up of layer '56x56x64' at 8 bits"),
        ([{**SPEED[1], "speed_up": 0}], "needs a number above 0 in the column 'speed_up'"),
        ([{**SPEED[1], "speed_up": None}], "needs a number in the column 'speed_up'"),
        ([{**SPEED[1], "layer": None}], "needs a text in the column 'layer'"),
    ],
)
def test_speed_ups_that_cannot_be_drawn_are_refused(rows, said):
    """No measurement, or a speed-up that a logarithmic axis cannot show, is an error."""
    with pytest.raises(HarnessError, match=said):
        speed.picture(rows)


def test_gradients_have_a_panel_for_each_system():
    """Each panel has one line for each width, means over the seeds, and all have equal axes."""
    rows = [
        {"seed": seed, **row} for mode in MODES[:4] for seed in (0, 3) for row in norms(mode, seed)
    ]

    panels = gradients.picture(rows, ()).axes

    assert [axes.get_title(loc="left") for axes in panels] == [*MODES[:4]]
    assert len({axes.get_ylim() for axes in panels}) == 1
    first = {
        round(float(line.get_ydata()[0]), 3) for line in panels[0].get_lines()
        if list(line.get_xdata()) == [1, 2, 3]
    }  # fmt: skip
    assert first == {round(norm * 7 / 6, 3) for norm in (3.8, 52.7, 54.7, 33.5, 2.1)}
    assert [text.get_text() for text in panels[0].texts] == [
        "1 bit", "2 bits", "4 bits", "8 bits", "32 bits"
    ]  # fmt: skip


def test_norm_of_zero_lies_on_the_edge():
    """A member that pulls at nothing is drawn on the lower edge of the logarithmic axis."""
    rows = [{**row, "norm": 0 if row["bits"] == 1 else row["norm"]} for row in norms("plain", 0)]

    (axes,) = gradients.picture(rows, ()).axes

    drawn = [line.get_ydata() for line in axes.get_lines() if list(line.get_xdata()) == [1, 2, 3]]
    assert list(drawn[0]) == [axes.get_ylim()[0]] * 3


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "has 0 rows, and none with a norm above 0"),
        ([{**norms("plain", 0)[0], "norm": 0}], "has 1 rows, and none"),
        ([{**norms("plain", 0)[0], "norm": -1.0}], "a norm is -1"),
    ],
)
def test_gradients_that_cannot_be_drawn_are_refused(rows, said):
    """No norm, and one below 0, give an error and no picture."""
    with pytest.raises(HarnessError, match=said):
        gradients.picture(rows, ())


def test_one_epoch_is_drawn():
    """A training of one epoch has a picture."""
    (axes,) = gradients.picture(norms("plain", 0)[:5], ()).axes

    assert axes.get_xlim()[0] < 1 < axes.get_xlim()[1]


def test_a_width_looks_the_same_with_and_without_32_bits():
    """The widths below 32 have their looks whether 32 bits are there or not."""
    with_full, without = looks(WIDTHS), looks(WIDTHS[1:])

    assert {bits: with_full[bits] for bits in without} == without
    assert len(set(with_full.values())) == len(WIDTHS)


@settings(max_examples=80, deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(1.01, 1e6), st.floats(0, 1), st.booleans())
def test_places_and_values_of_a_scale_are_inverse(low, factor, share, logarithmic):
    """The value so far along an axis lies exactly so far along it."""
    scale = Scale(low, low * factor, logarithmic)

    assert scale.share(scale.value(share)) == pytest.approx(share, abs=1e-6)


def test_panel_tells_where_a_mark_is():
    """The place that is computed before drawing is the one where matplotlib draws."""
    from harness.formats import figure

    drawing = figure.new(4, 3)
    drawing.set_layout_engine("none")
    panel = Panel(Box(40, 30, 240, 180), Scale(50, 1200, logarithmic=True), Scale(80, 100))
    axes = panel.axes(drawing)

    pixels = axes.transData.transform((231, 97)) * 72 / drawing.dpi

    assert tuple(pixels - (40, 30)) == pytest.approx(panel.at(231, 97), abs=0.01)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-5, 1e6), st.floats(3, 1e6))
def test_logarithmic_axes_have_some_ticks_and_not_many(low, factor):
    """An axis over a factor of three or more has 1 to 9 ticks, all within it."""
    scale = Scale(low, low * factor, logarithmic=True)

    found = ticks(scale)

    assert 1 <= len(found) <= 9
    assert all(scale.low <= tick <= scale.high for tick in found)
