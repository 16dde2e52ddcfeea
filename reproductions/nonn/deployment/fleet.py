"""The host's side of a deployment: all nodes asked at once, and whoever answers in time.

One thread watches all connections, and every wait has a deadline. A node that fails says so in
its reply and never in an exception, since the head goes on with the others.

A node that is merely late stays: its answer is known by the number of its question, and is thrown
away when it comes. A node whose words cannot be trusted (no frame, another shape, two answers,
numbers that are not finite) and one whose connection ended are left out from then on; a new
fleet begins anew. They are not connected again by themselves: a worker that was started again has
no model, and a measurement must not change its subject in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from selectors import DefaultSelector
from time import perf_counter_ns
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.line import Line
from reproductions.nonn.deployment.message import Frame, Kind
from reproductions.nonn.deployment.tensor import MessageError

Expected = tuple[tuple[int, ...], str]
"""The shape and the type of what a node shall answer with."""

_SECOND = 1_000_000_000
_LARGEST = (1 << 32) - 1  # number of a question
_PATIENCE_S = 60.0
_CHECK = "look at the node's log; then run the command again"
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Reply:
    """What came of one question to one node.

    Parameters
    ----------
    node
        Its number, from zero.
    array
        What it answered, of the shape and type that were expected, and finite; None after a fault.
    device_ns
        How long the model took on the node, in ns by the node's clock; None after a fault.
    elapsed_ns
        From just before the first byte of the question was sent to any node until this answer had
        arrived whole, in ns; None after a fault.
    sent, received
        Bytes that went through the socket to and from this node during the question, by the count
        of the socket: heads and checksums of the own protocol, without those of TCP.
    fault
        Why there is no answer. It begins with ``late``, ``refused`` (no connection), ``died``
        (the connection ended), ``garbage`` (not what the protocol or `load` allow) or ``failed``
        (the node's own words).
    """

    node: int
    array: Array | None
    device_ns: int | None
    elapsed_ns: int | None
    sent: int
    received: int
    fault: str | None


class Fleet:
    """Connections to the workers of some nodes, from being made to being closed.

    Parameters
    ----------
    addresses
        Address and port of each node's worker. They are connected to in the background; who
        cannot be reached is told by `load`.
    deadline_s
        How long an answer may take.
    names
        How messages call the nodes; ``node 0`` and so on by default.
    """

    def __init__(
        self,
        addresses: Sequence[tuple[str, int]],
        deadline_s: float,
        names: Sequence[str] | None = None,
    ) -> None:
        called = names or [f"node {place}" for place in range(len(addresses))]
        self._deadline_s = deadline_s
        self._expected: Sequence[Expected] = ()
        self._number = 0
        self._selector = DefaultSelector()
        self._lines = [
            Line(name, address, port, self._selector)
            for name, (address, port) in zip(called, addresses, strict=True)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._lines)

    def close(self) -> None:
        """End all connections. What is asked later is answered with a fault."""
        for line in self._lines:
            line.end("refused: the fleet is closed")
        self._selector.close()

    def faults(self) -> dict[int, str]:
        """Return the nodes that are left out, and why."""
        return {node: line.fault for node, line in enumerate(self._lines) if line.fault}

    def load(
        self,
        models: Sequence[bytes],
        expected: Sequence[Expected],
        patience_s: float = _PATIENCE_S,
        strict: bool = True,
    ) -> None:
        """Hand each node its model, all at once, and wait until all are ready.

        A node that does not manage is left out from then on.

        Parameters
        ----------
        models
            For each node the bytes that its runtime loads.
        expected
            For each node the shape and type of its answers.
        patience_s
            How long connecting, sending and loading may take together.
        strict
            Whether a node that does not manage is an error. Otherwise it is told in each reply.

        Raises
        ------
        HarnessError
            A model is too large, or nodes could not load theirs: which and why.
        """
        for line, model in zip(self._lines, models, strict=True):
            if len(model) > message.MAX_BODY:
                raise HarnessError(
                    f"{line.name}: a model of {len(model)} bytes, where {message.MAX_BODY} "
                    "bytes are allowed",
                    "deploy a smaller network",
                )
        if len(expected) != len(models):
            raise ValueError(f"{len(models)} models, but {len(expected)} expected answers")
        self._expected = tuple(expected)
        number = self._next()
        frames = {node: message.load(number, model) for node, model in enumerate(models)}
        self._exchange(frames, number, patience_s)
        for node, line in enumerate(self._lines):
            fault = self._outcome(node, Kind.LOADED, lambda _: None, patience_s)
            if fault:
                line.end(fault)
        if strict and self.faults():
            told = [f"{self._lines[node].name}: {why}" for node, why in self.faults().items()]
            raise HarnessError("\n".join(told), _CHECK)

    def ask(self, image: Array, among: Iterable[int] | None = None) -> tuple[Reply, ...]:
        """Ask nodes what they say to an image, all at once; return at the deadline at the latest.

        Parameters
        ----------
        image
            (1, C, H, W) float32, the same for all.
        among
            The nodes to ask, all by default. The replies have their order.

        Raises
        ------
        HarnessError
            No model has been loaded, or the image has a type that is not sent.
        """
        if not self._expected:
            raise HarnessError("the nodes have no model yet", "load the models, then ask")
        nodes = range(len(self)) if among is None else tuple(among)
        number = self._next()
        frame = message.ask(number, image)
        self._settle()
        before = [(line.sent, line.received) for line in self._lines]
        start = self._exchange(dict.fromkeys(nodes, frame), number, self._deadline_s)
        return tuple(self._reply(node, start, *before[node]) for node in nodes)

    def time(
        self, node: int, image: Array, number: int, repeat: int, patience_s: float = _PATIENCE_S
    ) -> list[float]:
        """Return the seconds of one run on the node, without the network, by its runtime.

        Parameters
        ----------
        number, repeat
            `repeat` figures, each the mean of `number` runs.
        patience_s
            How long all of them may take.

        Raises
        ------
        HarnessError
            The node is left out, failed, or did not answer in time.
        """
        asked = self._next()
        frame = message.time(asked, image, number, repeat)
        return self._say(node, frame, asked, Kind.TIMES, partial(_times, repeat), patience_s)

    def traffic(self, node: int) -> tuple[int, int] | None:
        """Return the bytes sent to the device behind a node's worker and received from it.

        They are those since the worker began, by its runtime's count; None where the model runs in
        the worker itself, whose bytes are those of each `Reply`.

        Raises
        ------
        HarnessError
            The node is left out, failed, or did not answer in time.
        """
        asked = self._next()
        frame = message.pack(Kind.COUNT, asked)
        return self._say(node, frame, asked, Kind.COUNTS, message.read_counts, self._deadline_s)

    def _say(
        self,
        node: int,
        frame: bytes,
        number: int,
        kind: Kind,
        read: Callable[[Frame], _Read],
        patience_s: float,
    ) -> _Read:
        """Return what one node answers to `frame`; a fault is an error."""
        self._settle()
        self._exchange({node: frame}, number, patience_s)
        said = self._outcome(node, kind, read, patience_s)
        if isinstance(said, str):
            raise HarnessError(f"{self._lines[node].name}: {said}", _CHECK)
        return said

    def _next(self) -> int:
        # Zero is the number of what a node says without being asked.
        self._number = self._number % _LARGEST + 1
        return self._number

    def _settle(self) -> None:
        """Take in what came since the last question: late answers, second answers, endings."""
        if self._selector.get_map():  # None when closed, empty when no node is left
            for key, events in self._selector.select(0):
                key.data.attend(events)

    def _exchange(self, frames: Mapping[int, bytes], number: int, patience_s: float) -> int:
        """Send its frame to each node, all at once; wait until all answered or time is up.

        Returns the beginning, by `time.perf_counter_ns`.
        """
        asked = [self._lines[node] for node in frames]
        start = perf_counter_ns()
        for line, frame in zip(asked, frames.values(), strict=True):
            line.ask(number, frame)
        end = start + int(patience_s * _SECOND)
        while any(line.waits for line in asked) and (left := end - perf_counter_ns()) > 0:
            for key, events in self._selector.select(left / _SECOND):
                key.data.attend(events)
        for line in asked:
            if line.arrived_ns > end:  # the system's clock wakes a little later than it was told
                line.answer = None
        return start

    def _reply(self, node: int, start: int, sent: int, received: int) -> Reply:
        line = self._lines[node]
        counted = (line.sent - sent, line.received - received)
        said = self._outcome(
            node, Kind.ANSWER, partial(_answer, self._expected[node]), self._deadline_s
        )
        if isinstance(said, str):
            return Reply(node, None, None, None, *counted, said)
        device_ns, array = said
        return Reply(node, array, device_ns, line.arrived_ns - start, *counted, None)

    def _outcome(
        self, node: int, kind: Kind, read: Callable[[Frame], _Read], patience_s: float
    ) -> _Read | str:
        """Return what `read` makes of the answer, or the fault in words."""
        line = self._lines[node]
        if line.answer is None:
            return line.fault or f"late: {line.lateness} within {patience_s:g} s"
        if line.answer.kind is Kind.FAULT:
            return f"failed: {message.read_fault(line.answer)}"
        try:
            return read(_of_kind(line.answer, kind))
        except MessageError as error:
            line.distrust(str(error))
            return f"garbage: {error}"


def _of_kind(frame: Frame, kind: Kind) -> Frame:
    if frame.kind is not kind:
        raise MessageError(f"{frame.kind.name} where {kind.name} was expected")
    return frame


def _answer(expected: Expected, frame: Frame) -> tuple[int, Array]:
    """Read an answer and hold it to the shape and type that were expected."""
    device_ns, array = message.read_answer(frame)
    shape, dtype = expected
    if (array.shape, array.dtype.name) != (tuple(shape), dtype):
        raise MessageError(
            f"a tensor {array.dtype.name}{list(array.shape)}, where {dtype}{list(shape)} was "
            "expected"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise MessageError("numbers that are not finite")
    return device_ns, array


def _times(repeat: int, frame: Frame) -> list[float]:
    """Read times and hold them to what was asked for."""
    seconds = message.read_times(frame)
    if len(seconds) != repeat or not all(0 <= one < math.inf for one in seconds):
        raise MessageError(f"{len(seconds)} times, {seconds[:5]}, where {repeat} were asked for")
    return seconds
