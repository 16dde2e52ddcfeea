"""Accuracy and loss against multiply-adds."""

import pytest
from shunt_drawing_samples import CHOICES, FRONT, WHOLE, score, scores

from harness.errors import HarnessError
from reproductions.drawing.labels import Box, box, place
from reproductions.shunt.drawing import accuracy, systems
from reproductions.shunt.params.drawing import AccuracyAgainstMacsParams


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
