"""A fleet whose peers answer late, out of turn or never."""

import threading

import numpy as np
from fleet_samples import IMAGE, LONG, RIGHT, SHORT, is_right
from scripted_peer import PATIENCE, honest

from reproductions.nonn.deployment import message


def test_late_answer_is_thrown_away_and_the_next_is_right(fleet_of):
    """A late node is told as late, and its late answer never passes for that of the next one."""
    over = threading.Event()

    def script(host):
        host.load()
        late = host.hear()
        assert over.wait(PATIENCE)
        host.say(message.answer(late.number, 1, RIGHT * 2))
        host.say(message.answer(host.hear().number, 1, RIGHT))
        host.stay()

    fleet = fleet_of(honest(RIGHT), script, deadline=SHORT)

    good, late = fleet.ask(IMAGE)
    assert is_right(good)
    assert (late.fault, late.array) == ("late: no answer within 2 s", None)
    over.set()
    fleet._deadline_s = LONG
    assert all(map(is_right, fleet.ask(IMAGE)))


def test_late_answer_is_not_that_of_a_question_without_one(fleet_of):
    """A node that answers the last question only when it is asked the next one is late again."""

    def script(host):
        host.load()
        late = host.hear()
        host.hear()
        host.say(message.answer(late.number, 1, RIGHT))
        host.stay()

    fleet = fleet_of(script, deadline=0.3)

    for _ in range(2):
        assert fleet.ask(IMAGE)[0].fault == "late: no answer within 0.3 s"
    assert fleet.faults() == {}


def test_answer_out_of_turn_is_told(fleet_of):
    """A node that answers the next question before the last one cannot be trusted."""

    def script(host):
        host.load()
        first, second = host.hear(), host.hear()
        host.say(b"".join(message.answer(one.number, 1, RIGHT) for one in (second, first)))
        host.stay()

    fleet = fleet_of(script, deadline=0.3)

    assert fleet.ask(IMAGE)[0].fault == "late: no answer within 0.3 s"
    fleet._deadline_s = LONG
    assert fleet.ask(IMAGE)[0].fault == "garbage: it answered question 2 again, or out of turn"


def test_no_answer_counts_that_came_after_the_deadline(fleet_of):
    """Whoever answers at about the deadline either was in time by the clock, or is late."""
    fleet = fleet_of(honest(RIGHT), deadline=1e-4)

    for _ in range(200):
        (reply,) = fleet.ask(IMAGE)
        if reply.fault:
            assert reply.fault.startswith("late: ")
        else:
            assert is_right(reply)
            assert reply.elapsed_ns <= 100_000


def test_node_that_never_answers_costs_the_deadline_and_no_more(fleet_of):
    """A silent node is late at every question, and stays among the asked."""

    def script(host):
        host.load()
        host.stay()

    fleet = fleet_of(script, deadline=0.1)

    for _ in range(3):
        assert fleet.ask(IMAGE)[0].fault == "late: no answer within 0.1 s"
    assert fleet.faults() == {}


def test_question_that_is_not_taken_is_not_followed_by_others(fleet_of):
    """A node that stops reading is late, gets no second question meanwhile, and can come back."""
    over = threading.Event()
    large = np.zeros((1, 1, 2048, 2048), np.float32)
    heard = []

    def script(host):
        host.load()
        assert over.wait(PATIENCE)
        while (frame := host.hear()) is not None:
            heard.append(len(frame.body))
            host.say(message.answer(frame.number, 1, RIGHT))

    fleet = fleet_of(script, deadline=0.2, receive_buffer=4096)

    for _ in range(2):
        assert fleet.ask(large)[0].fault == "late: it has not taken the whole question within 0.2 s"
    over.set()
    fleet._deadline_s = LONG
    while fleet.ask(IMAGE)[0].fault:
        assert fleet.faults() == {}
    assert len(heard) == 2
