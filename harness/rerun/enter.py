"""The first process of a rerun: `python enter.py REQUEST.json`, in the namespaces made for it.

It changes what belongs to a process and its namespaces (host name, CPUs, umask, mounts), runs the
command and ends with its status. A script of the standard library alone, so that nothing of either
tree is imported.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_POLL = 0.02
_MS_BIND = 4096  # of mount(2)
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _bind(pairs: list[list[str]]) -> None:
    """Show the first file of each pair in place of the second.

    In one process: between two libraries that belong together no other program could start.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for shown, place in pairs:
        if libc.mount(os.fsencode(shown), os.fsencode(place), None, _MS_BIND, None):
            sys.exit(f"{shown} cannot be shown at {place}: {os.strerror(ctypes.get_errno())}")


@contextmanager
def _mounted(tree: str, point: str) -> Iterator[None]:
    """Show `tree` at `point` with its entries in reverse order."""
    options = ["--sort-dirents=yes", "--reverse-dirents=yes"]
    command = ["disorderfs", "-f", "-q", *options, tree, point]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        while not os.path.ismount(point):
            if server.poll() is not None:
                sys.exit(f"disorderfs ended with status {server.returncode}")
            time.sleep(_POLL)
        yield
    finally:
        # Lazily, since a process that is being ended may still stand in it.
        subprocess.run(["umount", "--lazy", point], check=False)
        server.terminate()
        server.wait()


def _prepare_child(*, close_input: bool) -> None:
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    if close_input:
        os.close(0)


def _run(request: dict[str, Any]) -> int:
    # The entries of PWD keep the symbolic link by which the tree is reached.
    variables = {**request["variables"], "PWD": request["folder"]}
    process = subprocess.Popen(
        request["command"],
        env=variables,
        cwd=request["folder"],
        # This process has no threads, so the callback is safe.
        preexec_fn=lambda: _prepare_child(close_input=request["close_input"]),  # noqa: PLW1509
    )
    status = process.wait()
    return status if status >= 0 else 128 - status


def main(path: str) -> int:
    """Run what the request says and return its status."""
    # The whole group is told to end; this process waits for the command, then cleans up.
    for number in _ENDING:
        signal.signal(number, lambda *_: None)
    request = json.loads(Path(path).read_text(encoding="utf-8"))
    if request["hostname"]:
        socket.sethostname(request["hostname"])
    if request["cores"]:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: request["cores"]])
    if request["umask"] is not None:
        os.umask(request["umask"])
    _bind(request["binds"])
    if request["mount"]:
        with _mounted(*request["mount"]):
            return _run(request)
    return _run(request)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
