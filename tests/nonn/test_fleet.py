"""A fleet whose peers do what nodes should."""

import threading

import numpy as np
import pytest
from fleet_samples import IMAGE, LONG, RIGHT, closed_port, dies_asked, is_right, saying
from scripted_peer import PATIENCE, honest

from harness.errors import HarnessError
from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.fleet import Fleet
from reproductions.nonn.deployment.message import Kind


def test_all_answer(fleet_of):
    """Answers are told with the time on the device, the time here, and the bytes of the formula."""
    fleet = fleet_of(honest(RIGHT), honest(RIGHT))

    for _ in range(3):
        replies = fleet.ask(IMAGE)
        assert [reply.node for reply in replies] == [0, 1]
        for reply in replies:
            assert is_right(reply)
            assert reply.device_ns == 1000
            assert 0 < reply.elapsed_ns <= LONG * 1e9
            assert reply.sent == message.frame_bytes(Kind.ASK, IMAGE.shape, "float32")
            assert reply.received == message.frame_bytes(Kind.ANSWER, RIGHT.shape, "float32")


def test_only_those_among_are_asked(fleet_of):
    """A question to some goes to them alone, and their replies have the order of the question."""
    fleet = fleet_of(honest(RIGHT), dies_asked, honest(RIGHT))

    assert [reply.node for reply in fleet.ask(IMAGE, among=[2, 0])] == [2, 0]
    assert fleet.faults() == {}


def test_answer_byte_by_byte(fleet_of):
    """An answer that drips in single bytes is the same answer."""

    def script(host):
        host.load()
        for byte in message.answer(host.hear().number, 1, RIGHT):
            host.say(bytes([byte]))
        host.stay()

    assert is_right(fleet_of(script).ask(IMAGE)[0])


def test_all_are_asked_before_any_has_answered(fleet_of):
    """Nodes that answer only when all others have been asked do answer: all are asked at once."""
    everybody = threading.Barrier(4)

    def script(host):
        host.load()
        frame = host.hear()
        everybody.wait(PATIENCE)
        host.say(message.answer(frame.number, 1, RIGHT))
        host.stay()

    assert all(map(is_right, fleet_of(*[script] * 4).ask(IMAGE)))


def test_faults_of_the_caller(fleet_of):
    """Asking before loading, a type that is not sent and a model too large are told at once."""
    fleet = fleet_of(honest(RIGHT))

    with pytest.raises(HarnessError, match="cannot be sent"):
        fleet.ask(IMAGE.astype(np.float64))
    with (
        closed_port() as port,
        Fleet([("127.0.0.1", port)], LONG) as other,
        pytest.raises(HarnessError, match="no model yet"),
    ):
        other.ask(IMAGE)


def test_closed_fleet_answers_with_faults(fleet_of):
    """After its end a fleet asks nobody, and says so."""
    fleet = fleet_of(honest(RIGHT))
    fleet.close()

    assert fleet.ask(IMAGE)[0].fault == "refused: the fleet is closed"


def timing(seconds):
    """Return a script that answers a wish for times with `seconds`."""
    return saying(lambda number: message.times(number, seconds))


def test_times(fleet_of):
    """The times of a node are its own, as many as were asked for."""
    assert fleet_of(timing([0.25, 0.5])).time(0, IMAGE, 3, 2) == [0.25, 0.5]


@pytest.mark.parametrize("seconds", [[0.5], [0.5, -1.0], [0.5, float("nan")]])
def test_wrong_times_are_told(fleet_of, seconds):
    """Times of another number, below zero or that are none are garbage, and the node is named."""
    fleet = fleet_of(timing(seconds))

    with pytest.raises(HarnessError, match=r"^node 0 at 127.0.0.1:\d+: garbage: \d times"):
        fleet.time(0, IMAGE, 3, 2)
    assert list(fleet.faults()) == [0]


@pytest.mark.parametrize("traffic", [None, (12, 34)])
def test_traffic(fleet_of, traffic):
    """What a node counts behind it is told, or that there is nothing to count."""
    assert fleet_of(saying(lambda n: message.counts(n, traffic))).traffic(0) == traffic
