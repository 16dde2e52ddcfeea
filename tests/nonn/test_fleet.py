"""A fleet against peers that do what nodes should, and all that they should not."""

import re
import socket
import struct
import threading
import zlib
from contextlib import ExitStack

import numpy as np
import pytest
from scripted_peer import PATIENCE, Peer, honest

from harness.errors import HarnessError
from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.fleet import Fleet
from reproductions.nonn.deployment.message import Kind

IMAGE = np.linspace(0, 1, 3 * 4 * 4, dtype=np.float32).reshape(1, 3, 4, 4)
RIGHT = np.array([[1, 2, 3]], np.float32)
EXPECTED = (RIGHT.shape, "float32")
# Nobody waits as long where a fault is told; where a node is late, the others have this long.
LONG, SHORT = PATIENCE, 2.0


@pytest.fixture
def fleet_of():
    """Return a function that starts a peer for each script and loads a fleet of them."""
    with ExitStack() as stack:

        def fleet(*scripts, deadline=LONG, **peers):
            made = [Peer(script, **peers) for script in scripts]
            for peer in made:
                stack.callback(peer.end)
            fleet = stack.enter_context(Fleet([peer.address for peer in made], deadline))
            fleet.load([b"model"] * len(made), [EXPECTED] * len(made), strict=False)
            return fleet

        yield fleet


def is_right(reply):
    """Whether a reply is the right answer and nothing else."""
    return reply.fault is None and np.array_equal(reply.array, RIGHT)


def header(kind, number, length):
    """Return the right head of a frame whose body never comes."""
    head = message._HEAD.pack(b"NoNN", message.VERSION, kind, number, length, 0)
    return head + struct.pack("<I", zlib.crc32(head))


def flipped(frame):
    """Return the frame with its last bit changed."""
    return frame[:-1] + bytes([frame[-1] ^ 1])


def saying(make):
    """Return a script that answers the first question with the bytes that `make` gives for it."""

    def script(host):
        host.load()
        host.say(make(host.hear().number))
        host.stay()

    return script


def answering(*arrays):
    """Return a script that answers the first question with `arrays`, one frame each."""
    return saying(lambda number: b"".join(message.answer(number, 1, one) for one in arrays))


def dies_before(host):
    """End when the model has come."""
    host.hear()


def dies_asked(host):
    """End when asked."""
    host.load()
    host.hear()


def dies_within(host):
    """End in the middle of the answer."""
    host.load()
    host.say(message.answer(host.hear().number, 1, RIGHT)[:-3])


def resets(host):
    """Break the connection when asked."""
    host.load()
    host.hear()
    host.reset()


def refuses(host):
    """Say that another host is served."""
    host.say(message.fault(0, "the worker serves another host"))


GARBAGE = {
    "another-protocol": (saying(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n"), "another protocol"),
    "changed-bit": (saying(lambda n: flipped(message.answer(n, 1, RIGHT))), "checksum"),
    "twice": (answering(RIGHT, RIGHT), "again"),
    "other-shape": (answering(RIGHT.T), r"float32\[3, 1\], where float32\[1, 3\]"),
    "other-type": (answering(RIGHT.astype(np.int8)), "int8"),
    "nan": (answering(RIGHT * np.nan), "not finite"),
    "infinity": (answering(RIGHT * np.inf), "not finite"),
    "gigantic": (saying(lambda n: header(Kind.ANSWER, n, 2**32 - 1)), "4294967295 bytes, where"),
    "not-asked": (saying(lambda n: message.answer(n + 1, 1, RIGHT)), "was not asked"),
    "unknown-kind": (saying(lambda n: message.pack(77, n)), "unknown kind 77"),
    "other-kind": (saying(lambda n: message.pack(Kind.LOADED, n)), "LOADED where ANSWER"),
    "no-tensor": (saying(lambda n: message.pack(Kind.ANSWER, n, bytes(9))), "no tensor"),
    "own-question": (saying(lambda n: message.ask(n, IMAGE)), "ASK where ANSWER"),
}
ENDINGS = {
    "before": (dies_before, "died: it ended the connection"),
    "asked": (dies_asked, "died: it ended the connection"),
    "within": (dies_within, "died: it ended the connection within an answer"),
    "reset": (resets, "died: connection reset by peer"),
    "refuses": (refuses, "refused: the worker serves another host"),
}


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


@pytest.mark.parametrize(("script", "words"), GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_told_and_its_node_left_out(fleet_of, script, words):
    """A node that breaks the rules is told by what it did and left out; the others go on."""
    fleet = fleet_of(honest(RIGHT), script, honest(RIGHT))

    for _ in range(2):
        first, broken, last = fleet.ask(IMAGE)
        assert is_right(first)
        assert is_right(last)
        assert broken.fault.startswith("garbage: ")
        assert re.search(words, broken.fault)
        assert (broken.array, broken.device_ns, broken.elapsed_ns) == (None, None, None)
    fleet.close()
    assert fleet.faults()[1] == broken.fault


@pytest.mark.parametrize(("script", "words"), ENDINGS.values(), ids=ENDINGS)
def test_ending_is_told_and_its_node_left_out(fleet_of, script, words):
    """A node that goes away at any moment, or refuses, is told as that; the others go on."""
    fleet = fleet_of(honest(RIGHT), script, honest(RIGHT))

    for _ in range(2):
        first, gone, last = fleet.ask(IMAGE)
        assert is_right(first)
        assert is_right(last)
        assert (gone.fault, gone.array) == (words, None)


def test_death_after_the_answer_is_told_at_the_next_question(fleet_of):
    """An answer stands when its node dies afterwards; the next question tells the death."""

    def script(host):
        host.load()
        host.say(message.answer(host.hear().number, 1, RIGHT))

    fleet = fleet_of(script)

    assert is_right(fleet.ask(IMAGE)[0])
    # Which of both the host sees first depends on how far its question has come.
    assert fleet.ask(IMAGE)[0].fault in {
        "died: it ended the connection",
        "died: connection reset by peer",
    }


def test_second_answer_between_questions_is_told(fleet_of):
    """A second answer that comes after the question was over is told at the next question."""
    over = threading.Event()

    def script(host):
        host.load()
        frame = message.answer(host.hear().number, 1, RIGHT)
        host.say(frame)
        assert over.wait(PATIENCE)
        host.say(frame)
        host.stay()

    fleet = fleet_of(script)

    assert is_right(fleet.ask(IMAGE)[0])
    over.set()
    assert fleet.ask(IMAGE)[0].fault == "garbage: it answered question 2 again, or out of turn"


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

    fleet = fleet_of(script, deadline=SHORT)

    assert fleet.ask(IMAGE)[0].fault == "late: no answer within 2 s"
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


def test_last_words_are_heard():
    """Why a node refuses is told also when it ends the connection while the model is sent."""
    peer = Peer(lambda host: host.say(message.fault(0, "not here")), receive_buffer=4096)
    with (
        Fleet([peer.address], LONG) as fleet,
        pytest.raises(HarnessError, match="refused: not here"),
    ):
        fleet.load([bytes(1 << 25)], [EXPECTED])
    peer.end()


def test_node_that_never_answers_costs_the_deadline_and_no_more(fleet_of):
    """A silent node is late at every question, and stays among the asked."""

    def script(host):
        host.load()
        host.stay()

    fleet = fleet_of(script, deadline=0.1)

    for _ in range(3):
        assert fleet.ask(IMAGE)[0].fault == "late: no answer within 0.1 s"
    assert fleet.faults() == {}


def test_answer_byte_by_byte(fleet_of):
    """An answer that drips in single bytes is the same answer."""

    def script(host):
        host.load()
        for byte in message.answer(host.hear().number, 1, RIGHT):
            host.say(bytes([byte]))
        host.stay()

    assert is_right(fleet_of(script).ask(IMAGE)[0])


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


def test_models_are_loaded_at_once(fleet_of):
    """Nodes that are ready only when all others have their model do load, each its own."""
    everybody = threading.Barrier(2)
    models = []

    def script(host):
        frame = host.hear()
        everybody.wait(PATIENCE)
        models.append(frame.body)
        host.say(message.pack(Kind.LOADED, frame.number))
        host.stay()

    peers = [Peer(script), Peer(script)]
    with Fleet([peer.address for peer in peers], LONG) as fleet:
        fleet.load([b"first", b"second"], [EXPECTED] * 2)
        assert sorted(models) == [b"first", b"second"]
    for peer in peers:
        peer.end()


def test_words_of_a_node_are_told_and_it_may_go_on(fleet_of):
    """A node that cannot answer says why, stays, and answers the next question."""

    def script(host):
        host.load()
        host.say(message.fault(host.hear().number, "out of\nmemory"))
        host.say(message.answer(host.hear().number, 1, RIGHT))
        host.stay()

    fleet = fleet_of(script)

    assert fleet.ask(IMAGE)[0].fault == "failed: out of memory"
    assert is_right(fleet.ask(IMAGE)[0])


def closed_port():
    """Return a port of loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_load_names_who_cannot():
    """A strict load fails with the name, the address and the reason of each node that cannot."""
    broken = Peer(lambda host: host.say(message.fault(host.hear().number, "no such model")))
    port = closed_port()
    with Fleet([broken.address, ("127.0.0.1", port)], LONG, ["left", "right"]) as fleet:
        with pytest.raises(HarnessError) as told:
            fleet.load([b""] * 2, [EXPECTED] * 2)
        assert told.value.message.splitlines() == [
            f"left at 127.0.0.1:{broken.address[1]}: failed: no such model",
            f"right at 127.0.0.1:{port}: refused: connection refused",
        ]
        # Who has no model is not asked for an answer.
        assert [reply.fault for reply in fleet.ask(IMAGE)] == list(fleet.faults().values())
    broken.end()


def test_who_listens_but_never_accepts_is_late():
    """A worker that never takes the connection in is late at loading, and left out."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Fleet([listener.getsockname()], LONG) as fleet,
    ):
        with pytest.raises(HarnessError, match=r"late: no answer within 0\.1 s"):
            fleet.load([b"model"], [EXPECTED], patience_s=0.1)
        assert list(fleet.faults()) == [0]


def test_host_name_with_several_addresses():
    """A name is tried at each of its addresses until one lets the host in."""
    peer = Peer(honest(RIGHT))
    with Fleet([("localhost", peer.address[1])], LONG) as fleet:
        fleet.load([b"model"], [EXPECTED])
        assert is_right(fleet.ask(IMAGE)[0])
    peer.end()


@pytest.mark.parametrize(
    ("address", "words"), [(("a..b", 80), "not known"), (("127.0.0.1", 65616), "port must be")]
)
def test_no_address(address, words):
    """A name that is none, and a port that is none, are refused in words, at loading."""
    with Fleet([address], LONG) as fleet, pytest.raises(HarnessError, match=f"refused: .*{words}"):
        fleet.load([b"model"], [EXPECTED])


def test_faults_of_the_caller(fleet_of):
    """Asking before loading, a type that is not sent and a model too large are told at once."""
    fleet = fleet_of(honest(RIGHT))

    with pytest.raises(HarnessError, match="cannot be sent"):
        fleet.ask(IMAGE.astype(np.float64))
    with (
        Fleet([("127.0.0.1", closed_port())], LONG) as other,
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
