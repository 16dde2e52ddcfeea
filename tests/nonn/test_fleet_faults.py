"""A fleet whose peers do all that nodes should not."""

import re
import struct
import threading
import zlib

import numpy as np
import pytest
from fleet_samples import IMAGE, RIGHT, dies_asked, is_right, saying
from scripted_peer import PATIENCE, honest

from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.message import Kind


def header(kind, number, length):
    """Return the right head of a frame whose body never comes."""
    head = message._HEAD.pack(b"NoNN", message.VERSION, kind, number, length, 0)
    return head + struct.pack("<I", zlib.crc32(head))


def flipped(frame):
    """Return the frame with its last bit changed."""
    return frame[:-1] + bytes([frame[-1] ^ 1])


def answering(*arrays):
    """Return a script that answers the first question with `arrays`, one frame each."""
    return saying(lambda number: b"".join(message.answer(number, 1, one) for one in arrays))


def dies_before(host):
    """End when the model has come."""
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
