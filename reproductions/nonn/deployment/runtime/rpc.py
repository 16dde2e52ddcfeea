"""TVM's virtual machine on another device, behind a TVM RPC server.

The client of TVM blocks while it waits and can take its process with it when the line breaks:
this runtime belongs into a gateway, a worker of its own, never into the host.
"""

from __future__ import annotations

import gc
import os
import socket
import struct
from collections.abc import Callable
from contextlib import closing, suppress
from errno import EAGAIN
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tvm
from tvm import relax, rpc
from tvm.error import RPCError

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.nonn.deployment.runtime.tvm import ENTRY, told

PATIENCE_S = 300.0
"""How long the device may take for one call before the line counts as broken."""

_KNOCK_S = 20.0
_ADVICE = "see the server's own log, and start it anew when it has died"
# What a server of TVM and its client say to each other first (`tvm.rpc.base`): a magic number
# and a key. A server that knows no such key answers with the other number and serves the next.
_MAGIC = 0xFF271
_MISMATCH = _MAGIC + 2
_STRANGER = b"client:no-such-key"

# Where `struct tcp_info` of Linux holds tcpi_bytes_received, and tcpi_bytes_sent with
# tcpi_bytes_retrans behind it (4.19 and later).
_RECEIVED = 128
_SENT = 200

_Made = TypeVar("_Made")


class RpcRuntime:
    """One library of `library.compile_library`, run by the RPC server at an address.

    Parameters
    ----------
    address, port
        Of the server: an IPv4 or IPv6 address, or a name.
    patience_s
        Seconds for one call.

    Raises
    ------
    HarnessError
        Nothing listens there, it is no RPC server of TVM, or it serves somebody else.
    """

    def __init__(self, address: str, port: int, patience_s: float = PATIENCE_S) -> None:
        self._place = f"the RPC server at {address}, port {port}"
        knock(address, port)
        self._patience_s = patience_s
        self._line: socket.socket | None = None
        before = _sockets()
        self._session: Any = self._told("connect", lambda: rpc.connect(address, port))
        self._line = _own(_sockets() - before, port)
        _limit(self._line, patience_s)
        self._device = self._session.cpu(0)
        self._machine: Any = None
        self._image: Any = None
        self._loads = 0

    def load(self, model: bytes) -> None:
        """Send the bytes of a library to the device, in place of the model before."""
        # A name of its own for each: the loader of the device knows a library by its path.
        name = f"model{self._loads}.so"
        self._loads += 1
        self._machine = self._told(
            f"load the library ({len(model)} bytes)", lambda: self._loaded(name, model)
        )

    def run(self, image: Array) -> Array:
        """Return the library's first output for `image`."""
        self._ready()
        answer: Array = self._told("run the library", lambda: self._answer(image))
        return answer

    def time(self, image: Array, number: int, repeat: int) -> list[float]:
        """Return the mean seconds of `number` runs on the device, by its own clock."""

        def evaluate() -> list[float]:
            self._give(image)
            machine = self._machine.module
            evaluator = machine.time_evaluator(
                "invoke_stateful", self._device, number=number, repeat=repeat
            )
            return list(evaluator(ENTRY).results)

        self._ready()
        return self._told("time the library", evaluate)

    def traffic(self) -> tuple[int, int]:
        """Return the bytes sent to the device and received from it since the connection.

        Linux counts them for the connection: the payload of TCP, without what was sent again.
        The messages of TVM around a tensor are in it: their shapes, calls and handles.
        """
        assert self._line is not None
        info = self._line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        sent, again = struct.unpack_from("=QQ", info, _SENT)
        (received,) = struct.unpack_from("=Q", info, _RECEIVED)
        return sent - again, received

    def close(self) -> None:
        """Let go of the device; its server takes the next client then."""
        self._machine = self._image = self._device = self._session = None
        gc.collect()
        if self._line is not None:
            self._line.close()

    def _loaded(self, name: str, model: bytes) -> Any:
        self._session.upload(bytearray(model), name)
        library = self._session.load_module(name)
        self._session.remove(name)
        return relax.VirtualMachine(library, self._device)

    def _ready(self) -> None:
        if self._machine is None:
            raise HarnessError(f"{self._place} has no model yet", "load one first")

    def _answer(self, image: Array) -> Array:
        self._give(image)
        self._machine.invoke_stateful(ENTRY)
        answer: Array = self._machine.get_outputs(ENTRY)[0].numpy()
        return answer

    def _give(self, image: Array) -> None:
        if self._image is None or (self._image.shape, self._image.dtype) != (
            image.shape,
            str(image.dtype),
        ):
            self._image = tvm.runtime.empty(image.shape, str(image.dtype), self._device)
        self._image.copyfrom(np.ascontiguousarray(image))
        self._machine.set_input(ENTRY, self._image)

    def _told(self, doing: str, call: Callable[[], _Made]) -> _Made:
        try:
            return told(doing, call)
        except HarnessError as error:
            message = error.message
            if not isinstance(error.__cause__, RPCError):
                self._cut()
            if os.strerror(EAGAIN) in message:
                message = f"TVM cannot {doing}: no answer within {self._patience_s:g} s"
            raise HarnessError(f"{self._place}: {message}", _ADVICE) from error

    def _cut(self) -> None:
        """End a line on which a call broke off: a late answer to it would pass for the next one.

        What the device itself says to a call, an `RPCError`, leaves the line sound.
        """
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)


def knock(address: str, port: int, patience_s: float = _KNOCK_S) -> None:
    """Return when a free RPC server of TVM answers at `address` and `port`.

    TVM's own client would wait without end for a server that accepts and says nothing.

    Raises
    ------
    HarnessError
        Nothing listens there, it says something else, or it says nothing in time.
    """
    place = f"{address}, port {port}"
    hello = struct.pack("<ii", _MAGIC, len(_STRANGER)) + _STRANGER
    try:
        with closing(socket.create_connection((address, port), patience_s)) as line:
            line.settimeout(patience_s)
            line.sendall(hello)
            answer = line.recv(4, socket.MSG_WAITALL)
    except TimeoutError as error:
        raise HarnessError(
            f"what listens at {place} said nothing for {patience_s:g} s: it is no RPC server of "
            "TVM, or it serves another client",
            "end the other client, or name another server",
        ) from error
    except OSError as error:
        raise HarnessError(
            f"no RPC server of TVM can be reached at {place}: {error.strerror or error}",
            f"start one there: python -m tvm.exec.rpc_server --host … --port {port}",
        ) from error
    if answer != struct.pack("<i", _MISMATCH):
        raise HarnessError(
            f"what listens at {place} is no RPC server of TVM: it answers {answer!r}",
            "name the port of an RPC server",
        )


def _sockets() -> set[int]:
    """Return the descriptors of this process that are sockets."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            is_socket = Path("/proc/self/fd", name).is_socket()
        except OSError:  # the descriptor of the folder itself, closed meanwhile
            continue
        if is_socket:
            found.add(int(name))
    return found


def _own(made: set[int], port: int) -> socket.socket:
    """Return a second handle of the connection to `port` among `made`."""
    for descriptor in sorted(made):
        line = socket.socket(fileno=os.dup(descriptor))
        try:
            if line.getpeername()[1] == port:
                return line
        except OSError:  # a socket without another end
            pass
        line.close()
    raise HarnessError(
        f"the connection of TVM to port {port} is not among the sockets of this process",
        "run the gateway on Linux, with /proc",
    )


def _limit(line: socket.socket, patience_s: float) -> None:
    """Let the kernel end a call over `line` that takes too long: TVM knows no deadline."""
    seconds = int(patience_s)
    limit = struct.pack("@ll", seconds, round((patience_s - seconds) * 1e6))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
