"""An image, the right answer to it, and scripts of peers that answer it in their own way."""

import socket
from contextlib import contextmanager

import numpy as np
from scripted_peer import PATIENCE

IMAGE = np.linspace(0, 1, 3 * 4 * 4, dtype=np.float32).reshape(1, 3, 4, 4)
RIGHT = np.array([[1, 2, 3]], np.float32)
EXPECTED = (RIGHT.shape, "float32")
# Nobody waits as long where a fault is told; where a node is late, the others have this long.
LONG, SHORT = PATIENCE, 2.0


def is_right(reply):
    """Whether a reply is the right answer and nothing else."""
    return reply.fault is None and np.array_equal(reply.array, RIGHT)


def saying(make):
    """Return a script that answers the first question with the bytes that `make` gives for it."""

    def script(host):
        host.load()
        host.say(make(host.hear().number))
        host.stay()

    return script


def dies_asked(host):
    """End when asked."""
    host.load()
    host.hear()


@contextmanager
def closed_port():
    """Yield a port of loopback at which nobody listens, nor can before the end of the block."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
