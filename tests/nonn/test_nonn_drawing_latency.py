"""Latency against the link."""

import pytest
from nonn_drawing_samples import MEASURED, PREDICTED, prediction

from harness.errors import HarnessError
from reproductions.drawing.palette import MARKERS
from reproductions.nonn.drawing import latency
from reproductions.nonn.params.drawing import LatencyAgainstLinkParams


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
