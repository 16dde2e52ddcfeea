"""Programs that serve, and misbehave: `python serving.py KIND ADDRESS PORT [FILE]`."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

HERE = Path(__file__)


def listen(address: str, port: int) -> None:
    """Accept connections until the end; a byte that arrives ends the process with status 7."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                if connection.recv(1):
                    print("a byte has come", flush=True)
                    os._exit(7)


def forever() -> None:
    """Wait for a signal that never comes by itself."""
    while True:
        signal.pause()


def deaf() -> None:
    """Listen to no signal that can be ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def fork(into: str) -> None:
    """Leave a child, and a daemon and a deaf one in sessions of their own; note their numbers."""
    readable, writable = os.pipe()
    for kind in ("child", "daemon", "deaf"):
        if os.fork():
            continue
        if kind != "child":
            os.setsid()
            if os.fork():
                os._exit(0)
            deaf() if kind == "deaf" else None
        os.write(writable, b"%d\n" % os.getpid())
        forever()
    numbers = b""
    while numbers.count(b"\n") < 3:
        numbers += os.read(readable, 100)
    place = Path(into)
    draft = place.with_suffix(".draft")
    draft.write_bytes(numbers + b"%d\n" % os.getpid())
    draft.rename(place)


def main(kind: str, address: str, port: str, *more: str) -> None:
    """Do what `kind` says."""
    if kind == "dies":
        print("the first line\nthe last words", flush=True)
        sys.exit(3)
    if kind == "aborts":
        os.abort()
    if kind == "silent":
        print("I listen nowhere", flush=True)
        forever()
    if kind == "deaf":
        deaf()
    if kind == "forks":
        fork(more[0])
    if kind == "large":
        block = bytearray(int(more[0]))
        block[::4096] = b"1" * len(block[::4096])
        del block
    if kind == "large child":
        large = os.fork() == 0
        if large:
            block = bytearray(int(more[0]))
            block[::4096] = b"1" * len(block[::4096])
            Path(more[1]).touch()
            forever()
        while not Path(more[1]).exists():
            time.sleep(0.01)
    listen(address, int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
