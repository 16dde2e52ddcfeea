"""Run one node: take a model from a host, and answer its questions.

  python -m reproductions.nonn.deployment.worker --address 127.0.0.1 --port 9000 \\
      --runtime onnxruntime

A worker serves one host at a time and tells others so. It outlives its hosts: when one goes away,
the next one loads its own model. What the runtime cannot do goes back to the host in words.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from selectors import EVENT_READ, DefaultSelector
from time import perf_counter_ns

from harness.errors import HarnessError, plain
from harness.stage import interrupt
from harness.stage.interrupt import Interrupted
from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.message import MAX_BODY, Frame, Kind, Reader
from reproductions.nonn.deployment.runtime import RUNTIMES, Runtime, open_runtime
from reproductions.nonn.deployment.tensor import MessageError, unpack_tensor

_PIECE = 1 << 18
_PIECES = 64  # of what a host has sent, before its newest question is answered
_PATIENCE_S = 10.0
_LARGEST_PORT = 65535
# A host whose machine is gone says nothing any more; the kernel asks after 10 s, every 5 s.
_KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))


class Model:
    """The model of one host in a runtime: answers frames with frames, and faults with words."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._loaded = False
        self._ways: dict[Kind, Callable[[Frame], bytes]] = {
            Kind.LOAD: self._load,
            Kind.ASK: self._ask,
            Kind.TIME: self._time,
            Kind.COUNT: self._count,
        }

    def answer(self, frame: Frame) -> bytes:
        """Return the frame that answers `frame`."""
        way = self._ways.get(frame.kind)
        if way is None:
            return message.fault(frame.number, f"a host does not send {frame.kind.name}")
        if frame.kind is not Kind.LOAD and not self._loaded:
            return message.fault(frame.number, "no model is loaded")
        try:
            return way(frame)
        except Exception as error:  # noqa: BLE001 (a framework may raise anything; the host hears it)
            words = error.message if isinstance(error, HarnessError) else _named(error)
            return message.fault(frame.number, words)

    def _load(self, frame: Frame) -> bytes:
        self._loaded = False
        self._runtime.load(frame.body)
        self._loaded = True
        return message.pack(Kind.LOADED, frame.number)

    def _ask(self, frame: Frame) -> bytes:
        image = unpack_tensor(frame.body)
        start = perf_counter_ns()
        array = self._runtime.run(image)
        return message.answer(frame.number, perf_counter_ns() - start, array)

    def _time(self, frame: Frame) -> bytes:
        image, runs, repeat = message.read_time(frame)
        return message.times(frame.number, self._runtime.time(image, runs, repeat))

    def _count(self, frame: Frame) -> bytes:
        return message.counts(frame.number, self._runtime.traffic())


class Host:
    """The connection of the host that is served."""

    def __init__(self, connection: socket.socket, model: Model) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEP_ALIVE:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
        self.connection = connection
        self._model = model
        self._reader = Reader(MAX_BODY)
        self._piece = bytearray(_PIECE)

    def serve(self) -> bool:
        """Answer what has come; return whether the host is still there."""
        frames: list[Frame] = []
        try:
            there = self._receive(frames)
        except MessageError as error:
            self._say(message.fault(0, str(error)))
            return False
        for place, frame in enumerate(frames):
            # The host has given a question up when it asks the next one.
            newest = frame.kind is not Kind.ASK or frames[place + 1 :] == []
            if newest and not self._say(self._model.answer(frame)):
                return False
        return there

    def _receive(self, frames: list[Frame]) -> bool:
        with memoryview(self._piece) as piece:
            for _ in range(_PIECES):
                try:
                    count = self.connection.recv_into(piece)
                except BlockingIOError:
                    return True
                except OSError:
                    return False
                if not count:
                    return False
                frames += self._reader.feed(piece[:count])
        return True

    def _say(self, content: bytes) -> bool:
        """Send all of `content`; a host that does not take it in time is one that has gone."""
        try:
            self.connection.settimeout(_PATIENCE_S)
            self.connection.sendall(content)
            self.connection.setblocking(False)
        except OSError:
            return False
        return True


def serve(listener: socket.socket, runtime: Runtime) -> None:
    """Serve hosts with `runtime`, one at a time, until the process is told to end."""
    host: Host | None = None
    with DefaultSelector() as selector:
        selector.register(listener, EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            # The host first, also when only another one has come: it may have gone by now.
            if host is not None and not host.serve():
                selector.unregister(host.connection)
                host.connection.close()
                host = None
            if listener not in ready:
                continue
            with suppress(OSError):  # one that has gone before it was let in
                connection, _ = listener.accept()
                if host is not None:
                    _refuse(connection)
                    continue
                host = Host(connection, Model(runtime))
                selector.register(connection, EVENT_READ)


def _refuse(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        connection.settimeout(_PATIENCE_S)
        connection.sendall(message.fault(0, "the worker serves another host"))
        connection.shutdown(socket.SHUT_WR)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _listener(address: str, port: int) -> socket.socket:
    try:
        family, _, _, _, way = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(way[:2], family=family)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise HarnessError(
            f"cannot listen at {address} port {port}: {str(said).lower()}",
            "name an address of this machine and a port that is free",
        ) from error
    listener.setblocking(False)
    return listener


def _server(words: str) -> tuple[str, int]:
    address, _, port = words.rpartition(":")
    if not address:
        raise argparse.ArgumentTypeError(f"{words!r} is no ADDRESS:PORT, like 192.168.1.20:9090")
    return address.removeprefix("[").removesuffix("]"), _port(port)


def _port(word: str) -> int:
    # The system would take a larger number for what its last 16 bits are.
    if not (word.isascii() and word.isdigit() and 1 <= int(word) <= _LARGEST_PORT):
        raise argparse.ArgumentTypeError(f"{word!r} is no port: take 1 to {_LARGEST_PORT}")
    return int(word)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reproductions.nonn.deployment.worker",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--address", required=True, help="where hosts connect to")
    parser.add_argument("--port", required=True, type=_port, help="1 to 65535")
    parser.add_argument("--runtime", required=True, choices=RUNTIMES)
    parser.add_argument(
        "--server", type=_server, help="ADDRESS:PORT of the TVM RPC server, for tvm_rpc"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM and return the exit status, 143 then; 1 or 2 when it cannot begin."""
    interrupt.heed()
    try:
        parsed = _parser().parse_args(arguments)
        # The runtime comes first: whoever can connect finds a worker that is ready.
        with (
            closing(open_runtime(parsed.runtime, parsed.server)) as runtime,
            _listener(parsed.address, parsed.port) as listener,
        ):
            print(f"worker: {parsed.runtime} at {parsed.address} port {parsed.port}", flush=True)
            serve(listener, runtime)
    except HarnessError as error:
        print(plain(f"worker: {error}"), file=sys.stderr)
        return error.status
    except Interrupted as error:
        return error.status
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
