"""A peer at a real socket of loopback that does what a script says, in a thread of its own."""

import socket
import struct
import threading

from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.message import Kind, Reader

PATIENCE = 60.0


class Conversation:
    """The peer's side of one connection."""

    def __init__(self, connection):
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self._reader = Reader(message.MAX_BODY)
        self._frames = []

    def hear(self):
        """Return the next frame of the host; None when it has gone."""
        while not self._frames:
            piece = self.connection.recv(1 << 16)
            if not piece:
                return None
            self._frames += self._reader.feed(piece)
        return self._frames.pop(0)

    def say(self, content):
        """Send bytes to the host."""
        self.connection.sendall(content)

    def load(self):
        """Take the model, whatever it is, and say so."""
        frame = self.hear()
        assert frame.kind is Kind.LOAD
        self.say(message.pack(Kind.LOADED, frame.number))

    def stay(self):
        """Wait until the host has gone."""
        while self.hear() is not None:
            pass

    def reset(self):
        """End the connection without a farewell."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Peer:
    """A listener whose first connection is handled by `script`, a function of `Conversation`."""

    def __init__(self, script, receive_buffer=None):
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.settimeout(PATIENCE)
        self.address = self._listener.getsockname()
        self.fault = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            connection, _ = self._listener.accept()
            with connection:
                self._script(Conversation(connection))
        except ConnectionError:
            pass  # the host went away, as it may
        except Exception as error:  # noqa: BLE001 (told by `end`, in the thread of the test)
            self.fault = error

    def end(self):
        """Wait for the script, and raise what went wrong in it."""
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive(), "the peer's script does not end"
        if self.fault:
            raise self.fault


def honest(value):
    """Return the script of a node that answers every question with `value`."""

    def script(host):
        host.load()
        while (frame := host.hear()) is not None:
            host.say(message.answer(frame.number, 1000, value))

    return script
