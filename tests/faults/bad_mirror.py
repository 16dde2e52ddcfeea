"""A mirror on this machine that answers each path with a fault of its own, byte by byte."""

import gzip
import socket
import socketserver
import struct
import threading

GOOD = bytes(range(256)) * 16
PACE = 0.01  # seconds between the bytes of a mirror that drips
_OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


def _whole(body, more=b""):
    return _OK + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _redirect(address):
    return (
        b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: "
        + address
        + b"\r\n\r\n"
    )


def _refusing(status):
    return b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 4\r\n\r\nsoon"


_LENGTH = b"Content-Length: %d\r\n\r\n" % len(GOOD)
ANSWERS = {
    "good": _whole(GOOD),
    "404": _refusing(b"404 Not Found"),
    "403": _refusing(b"403 Forbidden"),
    "500": _refusing(b"500 Internal Server Error"),
    "503": _refusing(b"503 Service Unavailable"),
    "loop": _redirect(b"/loop"),
    "to-file": _redirect(b"file:///etc/hostname"),
    "to-ftp": _redirect(b"ftp://127.0.0.1/set.tar.gz"),
    "to-good": _redirect(b"/good"),
    "truncated-right-length": _OK + _LENGTH + GOOD[:1000],
    "truncated-wrong-length": _whole(GOOD[:1000]),
    "truncated-no-length": _OK + b"\r\n" + GOOD[:1000],
    "other-bytes": _whole(bytes(len(GOOD))),
    "gzip": _whole(gzip.compress(GOOD, mtime=0), b"Content-Encoding: gzip\r\n"),
    "gzip-broken": _whole(b"no gzip at all", b"Content-Encoding: gzip\r\n"),
    "gzip-bomb": _whole(gzip.compress(bytes(1 << 24), mtime=0), b"Content-Encoding: gzip\r\n"),
    "no-http": b"220 welcome to the mail server\r\n",
    "closes": b"",
}
_STALLS = {"stall": b"", "stall-in-body": _OK + _LENGTH + GOOD[:1000]}
_DRIPS = {"drip": _OK + _LENGTH, "drip-headers": _OK + b"X: "}


class BadMirror(socketserver.ThreadingTCPServer):
    """Serves until it is closed; keeps what was asked."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = []
        self.sent = 0
        self.given_up = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, fault):
        """Return the address that is answered with `fault`."""
        return f"http://127.0.0.1:{self.server_address[1]}/{fault}"

    def close(self):
        """End the server and every answer that still waits."""
        self.given_up.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """A client that hangs up is what the tests are about."""


class _Handler(socketserver.StreamRequestHandler):
    server: BadMirror

    def handle(self):
        fault = self.rfile.readline().split()[1].decode().strip("/")
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(fault)
        if fault in _STALLS:
            self.wfile.write(_STALLS[fault])
            # Until the client hangs up, or the test is over.
            self.request.recv(1)
        elif fault in _DRIPS:
            self.wfile.write(_DRIPS[fault])
            self._repeat(b"x", PACE)
        elif fault == "huge":
            self.wfile.write(_OK + b"\r\n")
            self._repeat(bytes(1 << 16), 0)
        elif fault.startswith("reset"):
            self.wfile.write(_OK + _LENGTH + GOOD[:1000] if fault == "reset-in-body" else b"")
            self.wfile.flush()
            self._reset()
        else:
            self.wfile.write(ANSWERS[fault])

    def _repeat(self, block, pace):
        while not self.server.given_up.wait(pace):
            self.request.sendall(block)
            self.server.sent += len(block)

    def _reset(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
