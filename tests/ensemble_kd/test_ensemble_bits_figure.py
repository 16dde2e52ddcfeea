"""Accuracy against bits, and the difference to networks that were trained alone."""

from itertools import pairwise
from statistics import stdev

import numpy as np
import pytest
from ensemble_drawing_samples import MODES, pictures, scores
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.errors import HarnessError
from reproductions.ensemble_kd.drawing import accuracy, ends
from reproductions.ensemble_kd.drawing.scores import SEPARATE, scored
from reproductions.ensemble_kd.params.drawing import System


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


@settings(max_examples=80)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=9))
def test_names_beside_the_axes_stay_apart_and_in_order(wanted):
    """Names never touch, none is above the axes, and they are in the order of their lines."""
    found = ends.heights(wanted, 100)

    order = sorted(range(len(wanted)), key=lambda at: (-wanted[at], at))
    assert all(found[high] - found[low] > 11.4 for high, low in pairwise(order))
    assert max(found) <= 100 + 1e-9


def test_system_without_rows_is_named():
    """A misspelt system is told with those that there are, and not left out."""
    shown = [System(name="simpel", label="simple")]

    with pytest.raises(HarnessError, match="no rows of the system 'simpel'; it has plain, simple"):
        accuracy.picture(scores("separate", 0), scores("plain", 0) + scores("simple", 0), shown)


def test_labels_that_do_not_fit_beside_the_axes_are_refused():
    """A label has 32 characters or fewer."""
    with pytest.raises(ValidationError, match="at most 32 characters"):
        System(name="plain", label="shared weights, without any distillation")
