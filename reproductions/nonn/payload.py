"""The step that has students send their answers, and counts what arrives and how good it is.

The formula counts numbers: a float32 takes four bytes, an int8 one. On a connection each answer is
a frame of its own (`deployment.message`), which is counted where it arrives.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.form import Precision, calibrate, senders
from reproductions.nonn.deployment.head import Form, head_of
from reproductions.nonn.determinism import settle
from reproductions.nonn.images import Split, read_split
from reproductions.nonn.params.payload import PayloadParams
from reproductions.nonn.students import System, trained

FORMS: tuple[tuple[Form, Precision], ...] = (
    ("features", "float32"),
    ("features", "int8"),
    ("logits", "float32"),
    ("logits", "int8"),
)
"""What can be sent; the first is as released, and the others are compared with it."""

_PATIENCE_S = 60
_PIECE = 1 << 16


class Wire:
    """A connection of this process with itself, over which nodes answer; see `wire`."""

    def __init__(self, node: socket.socket, host: socket.socket) -> None:
        self.received = 0
        self._node, self._host = node, host
        self._reader = message.Reader(message.MAX_ANSWER)

    def carry(self, number: int, part: Array) -> Array:
        """Send `part` as the answer to question `number` and return what arrives of it."""
        self._node.sendall(message.answer(number, 0, part))
        while True:
            piece = self._host.recv(_PIECE)
            self.received += len(piece)
            for frame in self._reader.feed(piece):
                return message.read_answer(frame)[1]


@contextmanager
def wire() -> Iterator[Wire]:
    """Give a connection that is closed at the end and waits no longer than a minute."""
    node, host = socket.socketpair()
    with node, host:
        node.settimeout(_PATIENCE_S)
        host.settimeout(_PATIENCE_S)
        yield Wire(node, host)


@dataclass(frozen=True)
class Sent:
    """What became of the test images.

    Parameters
    ----------
    classes
        What the head says to each image, (images,) int64.
    values
        Numbers that the students send for an image.
    payload_bytes
        Bytes of those numbers.
    received
        Bytes that arrived for all images, frames and all.
    """

    classes: Array
    values: int
    payload_bytes: int
    received: int


def send(
    system: System, form: Form, precision: Precision, splits: tuple[Split, Split], batch_size: int
) -> Sent:
    """Have the students of `system` answer every image of the second of `splits`, one by one.

    The scales of int8 are found on the first, the validation images.
    """
    validation, test = splits
    scales = calibrate(system, validation, form, batch_size) if precision == "int8" else None
    nodes, head = senders(system, form, precision, scales), head_of(system)
    classes: list[Array] = []
    with wire() as line:
        for batch in test.batches(batch_size):
            with torch.no_grad():
                said = [node(batch.images).numpy() for node in nodes]
            heard = [
                np.concatenate(
                    [line.carry(int(at), part[n : n + 1]) for n, at in enumerate(batch.index)]
                )
                for part in said
            ]
            classes.append(head.answer(heard, form, scales).logits.argmax(1))
        received = line.received
    values = sum(part.shape[1] for part in said)
    return Sent(np.concatenate(classes), values, values * said[0].itemsize, received)


def rows_of(system: System, splits: tuple[Split, Split], batch_size: int) -> list[Row]:
    """Return a row for each form and precision; `accuracy` and `agreement` are in percent."""
    found = {how: send(system, *how, splits, batch_size) for how in FORMS}
    reference, labels = found[FORMS[0]].classes, splits[1].labels.numpy()
    return [
        {
            "students": len(system.sizes),
            "form": form,
            "precision": precision,
            "values": sent.values,
            "payload_bytes": sent.payload_bytes,
            "wire_bytes": sent.received / len(labels),
            "accuracy": 100 * int((sent.classes == labels).sum()) / len(labels),
            "agreement": 100 * int((sent.classes == reference).sum()) / len(labels),
        }
        for (form, precision), sent in found.items()
    ]


def measure_payload(inputs: Inputs, params: PayloadParams, outputs: Outputs, run: Run) -> None:
    """Step: rows for each system, form and precision, on the test images."""
    settle()
    validation = read_split(inputs, "validation", params.student)
    splits = (validation, read_split(inputs, "test", params.student))
    weights = inputs.weights("students")
    rows: list[Row] = []
    for done, number in enumerate(params.students, start=1):
        rows += rows_of(trained(params.student, weights, number), splits, params.batch_size)
        run.progress(done, len(params.students), f"{number} students")
    outputs.rows("rows", rows)
