"""A line to one node: connecting, sending and receiving without ever waiting."""

from __future__ import annotations

import os
import socket
from collections import deque
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from time import perf_counter_ns
from typing import Any

from harness.errors import plain
from reproductions.nonn.deployment.message import MAX_ANSWER, Frame, Kind, Reader, read_fault
from reproductions.nonn.deployment.tensor import MessageError

_PIECE = 1 << 16


class Line:
    """The connection to one node, and its newest question.

    Nothing here raises or waits. A fault ends the connection and stays told.

    Parameters
    ----------
    name
        How messages call the node.
    address, port
        Where its worker listens.
    selector
        Where it says what it waits for; the key's `data` is the line.

    Attributes
    ----------
    fault
        Why there is no connection any more; None while there is one, or while it is made.
    answer, arrived_ns
        What the newest question was answered with, and when (`time.perf_counter_ns`).
    sent, received
        Bytes that went through the socket since it was made.
    """

    def __init__(self, name: str, address: str, port: int, selector: BaseSelector) -> None:
        self.name = f"{name} at {_spelt(address)}:{port}"
        self.fault: str | None = None
        self.answer: Frame | None = None
        self.arrived_ns = self.sent = self.received = 0
        self._number = 0
        self._open: deque[int] = deque()  # questions without an answer, the oldest first
        self._connecting = True
        self._pending = memoryview(b"")
        self._reader = Reader(MAX_ANSWER)
        self._selector = selector
        self._socket: socket.socket | None = None
        self._ways: deque[tuple[int, Any]] = deque()
        try:
            ways = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            self.end(f"refused: the address is not known ({_said(error)})")
        else:
            # The system takes a port that is too large for what its last 16 bits are.
            self._ways.extend((family, (way[0], port, *way[2:])) for family, _, _, _, way in ways)
            self._connect("no way to the address")

    @property
    def waits(self) -> bool:
        """Whether the newest question may still be answered."""
        asked = bool(self._open) and self._open[-1] == self._number
        return asked and self.fault is None

    @property
    def lateness(self) -> str:
        """What a node that is late has not done."""
        if self._connecting:
            return "no connection"
        if self._pending:
            return "it has not taken the whole question"
        return "no answer"

    def ask(self, number: int, content: bytes) -> None:
        """Send the frame of question `number`, as far as the network takes it now.

        A node that has not taken the whole question before gets no other one: they would pile up.
        """
        self._number, self.answer = number, None
        if self.fault is None and not self._pending:
            self._open.append(number)
            self._pending = memoryview(content)
            if not self._connecting:
                self._flush()

    def attend(self, events: int) -> None:
        """Do what the line waited for."""
        if self._connecting:
            self._connected()
        elif events & EVENT_WRITE:
            self._flush()
        if events & EVENT_READ:
            self._read()

    def end(self, fault: str) -> None:
        """Give the connection up. The first fault is the one that is told."""
        self.fault = self.fault or fault
        self._drop()

    def distrust(self, words: str) -> None:
        """Give up a node that broke the rules, and what it answered with it."""
        self.answer = None
        self.end(f"garbage: {words}")

    def _drop(self) -> None:
        if self._socket is not None:
            with suppress(KeyError, ValueError):  # of a selector that was closed or never told
                self._selector.unregister(self._socket)
            self._socket.close()
        self._socket = None

    def _connect(self, reason: str) -> None:
        """Take the next way to the address, of which a host name has several."""
        self._drop()
        while self._ways:
            family, way = self._ways.popleft()
            try:
                line = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            except OSError as error:
                reason = _said(error)
                continue
            # A question is one piece, and shall not wait for more to be sent with it.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                line.connect(way)
            except BlockingIOError:
                pass
            except (OSError, OverflowError) as error:
                reason = _said(error)
                line.close()
                continue
            self._socket = line
            self._selector.register(line, EVENT_WRITE, self)
            return
        self.end(f"refused: {reason}")

    def _connected(self) -> None:
        assert self._socket is not None
        reason = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if reason:
            self._connect(os.strerror(reason).lower())
        else:
            self._connecting = False
            self._flush()

    def _flush(self) -> None:
        if self._socket is None:
            return
        try:
            while self._pending:
                count = self._socket.send(self._pending)
                self.sent += count
                self._pending = self._pending[count:]
        except BlockingIOError:
            pass
        except OSError as error:
            self._read()  # its last words tell more
            self.end(f"died: {_said(error)}")
            return
        wanted = EVENT_READ | (EVENT_WRITE if self._pending else 0)
        if self._selector.get_key(self._socket).events != wanted:
            self._selector.modify(self._socket, wanted, self)

    def _read(self) -> None:
        if self._socket is None:
            return
        try:
            piece = self._socket.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            self.end(f"died: {_said(error)}")
            return
        self.received += len(piece)
        try:
            for frame in self._reader.feed(piece):
                self._take(frame)
        except MessageError as error:
            self.distrust(str(error))
        if not piece:
            within = " within an answer" if self._reader.begun else ""
            self.end(f"died: it ended the connection{within}")

    def _take(self, frame: Frame) -> None:
        """Keep the answer to the newest question, and throw away those that are late."""
        if frame.number == 0 and frame.kind is Kind.FAULT:
            self.end(f"refused: {read_fault(frame)}")
            return
        if frame.number not in self._open:
            known = 0 < frame.number <= self._number
            again = "again, or out of turn" if known else "which was not asked"
            raise MessageError(f"it answered question {frame.number} {again}")
        # A node answers in order: it has passed over those before.
        while self._open.popleft() != frame.number:
            pass
        if frame.number == self._number:
            self.answer, self.arrived_ns = frame, perf_counter_ns()


def _spelt(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _said(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error)
    return plain(str(words)).lower()
