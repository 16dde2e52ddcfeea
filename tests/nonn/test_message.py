"""Frames: what is sent arrives as it was, and what was changed on the way is told."""

import socket
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from harness.errors import HarnessError
from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.message import HEADER_BYTES, Kind, Reader
from reproductions.nonn.deployment.tensor import DTYPES, MessageError, pack_tensor, unpack_tensor

NUMBERS = st.integers(0, 2**32 - 1)
SHAPES = npst.array_shapes(max_dims=4, max_side=5)
TENSORS = st.sampled_from(DTYPES).flatmap(lambda dtype: npst.arrays(dtype, SHAPES))
# A frame of every kind, each as a host or a node sends it.
FRAMES = st.one_of(
    st.builds(message.load, NUMBERS, st.binary(max_size=40)),
    st.builds(message.ask, NUMBERS, TENSORS),
    st.builds(message.answer, NUMBERS, st.integers(0, 2**64 - 1), TENSORS),
    st.builds(message.time, NUMBERS, TENSORS, NUMBERS, NUMBERS),
    st.builds(message.times, NUMBERS, st.lists(st.floats(allow_nan=False), max_size=5)),
    st.builds(message.fault, NUMBERS, st.text(max_size=40)),
    st.builds(message.pack, st.sampled_from([Kind.LOADED, Kind.COUNT]), NUMBERS),
    st.builds(message.counts, NUMBERS, st.none() | st.tuples(NUMBERS, NUMBERS)),
)
ANSWER = message.answer(7, 5, np.arange(3, dtype=np.float32)[None])


def read(content, limit=message.MAX_BODY):
    """Return the frames that the bytes are, fed at once."""
    return list(Reader(limit).feed(content))


@given(TENSORS)
def test_tensor_comes_back(array):
    """A tensor keeps its type, its shape and every bit of its numbers."""
    back = unpack_tensor(b"".join(pack_tensor(array)))

    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


def test_tensor_of_any_layout_is_sent_in_the_order_of_c():
    """A transposed view arrives as the array that it shows."""
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T

    assert np.array_equal(unpack_tensor(b"".join(pack_tensor(array))), array)


@pytest.mark.parametrize(
    "array", [np.zeros((1, 2)), np.zeros((1, 0), np.int8), np.zeros((), np.int8)]
)
def test_tensor_that_is_not_sent(array):
    """A type of eight bytes, no numbers or no dimensions are refused before they are sent."""
    with pytest.raises(HarnessError, match="cannot be sent"):
        pack_tensor(array)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no tensor"),
        (struct.pack("<HHI", 9, 1, 1), "unknown type 9"),
        (struct.pack("<HH", 1, 0), "0 dimensions"),
        (struct.pack("<HHI", 1, 2, 1), "2 dimensions"),
        (struct.pack("<HHII", 1, 2, 3, 0), r"12 bytes for a tensor int8\[3, 0\]"),
        (struct.pack("<HHI", 0, 1, 1), r"8 bytes for a tensor float32\[1\], which takes 12"),
    ],
)
def test_tensor_that_is_none(content, words):
    """What is no tensor is told by what is wrong with it."""
    with pytest.raises(MessageError, match=words):
        unpack_tensor(content)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_tensor_or_told(content):
    """Bytes of anybody are a tensor that packs to the same bytes, or a `MessageError`."""
    try:
        array = unpack_tensor(content)
    except MessageError:
        return
    assert b"".join(pack_tensor(array)) == content


@given(st.lists(FRAMES, max_size=4), st.data())
def test_frames_arrive_however_they_are_cut(frames, data):
    """Frames, one behind the other and cut into pieces anywhere, arrive whole and in order."""
    stream = b"".join(frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader, arrived = Reader(message.MAX_BODY), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        arrived += reader.feed(stream[start:end])

    assert [message.pack(one.kind, one.number, one.body) for one in arrived] == frames
    assert not reader.begun


@given(FRAMES, st.data())
def test_every_changed_bit_is_told(frame, data):
    """One changed bit anywhere in a frame of any kind is told at once: nothing waits for more."""
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    changed = bytearray(frame)
    changed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(MessageError):
        read(bytes(changed))


@given(FRAMES, st.data())
def test_nothing_is_read_of_a_part(frame, data):
    """A frame without its end is no frame, and what comes behind it does not complete it."""
    end = data.draw(st.integers(0, len(frame) - 1))
    reader = Reader(message.MAX_BODY)

    assert list(reader.feed(frame[:end])) == []
    assert reader.begun == (end > 0)
    if end:
        arrived = []
        with pytest.raises(MessageError):
            arrived += reader.feed(frame + frame)
        assert arrived == []


@given(st.binary(min_size=HEADER_BYTES, max_size=200))
def test_other_protocols_are_told(content):
    """Bytes that nobody packed are told as another protocol, whatever they are."""
    with pytest.raises(MessageError, match="another protocol"):
        read(content.replace(b"NoNN", b"nonn"))


def test_length_is_bounded_before_anything_is_set_aside():
    """A frame whose head is right but whose body is too long is told when the head has come."""
    frame = message.load(1, bytes(message.MAX_ANSWER + 1))

    with pytest.raises(MessageError, match="1048577 bytes, where 1048576 are allowed"):
        read(frame[:HEADER_BYTES], message.MAX_ANSWER)


@pytest.mark.parametrize(
    ("place", "value", "words"), [(4, 2, "version 2"), (5, 99, "checksum"), (0, 0, "another")]
)
def test_head_says_what_is_wrong(place, value, words):
    """Another version, a changed kind and another protocol have words of their own."""
    changed = bytearray(ANSWER)
    changed[place] = value

    with pytest.raises(MessageError, match=words):
        read(bytes(changed))


def test_unknown_kind_is_told():
    """A frame that is right in all but its kind is told by the kind."""
    with pytest.raises(MessageError, match="unknown kind 99"):
        read(message.pack(99, 1))


@given(st.integers(0, 2**64 - 1), TENSORS)
def test_answer_comes_back(device_ns, array):
    """An answer keeps the time of the device and the tensor."""
    (frame,) = read(message.answer(9, device_ns, array))
    time, back = message.read_answer(frame)

    assert (frame.number, time, back.tobytes()) == (9, device_ns, array.tobytes())


def test_times_come_back():
    """The wish for times keeps image, runs and repetitions; its answer keeps every second."""
    image = np.ones((1, 1, 2, 2), np.float32)
    (wish,) = read(message.time(1, image, 5, 3))
    (said,) = read(message.times(1, [0.1, 1e-9, 3.0]))

    assert message.read_time(wish)[1:] == (5, 3)
    assert np.array_equal(message.read_time(wish)[0], image)
    assert message.read_times(said) == [0.1, 1e-9, 3.0]


@pytest.mark.parametrize("traffic", [None, (0, 0), (3, 2**63)])
def test_counts_come_back(traffic):
    """Counted bytes come back, and no count is not the count of zero."""
    (frame,) = read(message.counts(1, traffic))

    assert message.read_counts(frame) == traffic


@given(st.binary(max_size=60))
def test_any_body_is_read_or_told(content):
    """A right frame around a wrong body is a `MessageError`, never another exception."""
    for kind, reading in (
        (Kind.ANSWER, message.read_answer),
        (Kind.TIME, message.read_time),
        (Kind.TIMES, message.read_times),
        (Kind.COUNTS, message.read_counts),
    ):
        (frame,) = read(message.pack(kind, 1, content))
        with suppress(MessageError):
            reading(frame)


def test_fault_shows_nothing_that_steers_a_terminal():
    """What a node says of its fault is one line of plain characters, and not endless."""
    (frame,) = read(message.fault(1, "broken\n\x1b[31mred" + "x" * 5000))

    assert message.read_fault(frame).startswith("broken \\u001b[31mred")
    assert len(frame.body) == message.MAX_WORDS


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 10), (1, 3, 32, 32)])
def test_formula_is_what_a_socket_counts(dtype, shape):
    """The formula for the bytes of a question and an answer is what arrives over a socket."""
    array = np.zeros(shape, dtype)
    for kind, frame in (
        (Kind.ASK, message.ask(1, array)),
        (Kind.ANSWER, message.answer(1, 2, array)),
    ):
        here, there = socket.socketpair()
        with here, there:
            here.sendall(frame)
            here.shutdown(socket.SHUT_WR)
            arrived = b"".join(iter(lambda there=there: there.recv(4096), b""))
        assert len(arrived) == message.frame_bytes(kind, shape, dtype)
        assert read(arrived)[0].size == len(arrived)
