"""What is deployed: the teacher whole, or students whose answers a head puts together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.nonn.deployment.fleet import Reply
from reproductions.nonn.deployment.form import senders
from reproductions.nonn.deployment.head import Answer, Head, head_of
from reproductions.nonn.deployment.nodes import Job, Nodes
from reproductions.nonn.deployment.place import Place
from reproductions.nonn.params.deployment import Sending
from reproductions.nonn.students import SharedTrunk, System


class Scores(nn.Module):
    """A classifier that answers with its class scores alone."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, K) of images (B, C, H, W)."""
        logits, _ = self.classifier(x)
        return logits


_SCORES = Sending(form="logits", precision="float32")


@dataclass(frozen=True)
class Deployed:
    """Modules for nodes, and how their answers become class scores.

    Parameters
    ----------
    modules
        One for each node; maps images (1, C, H, W) to what the node sends.
    head
        What adds up their answers; None for the teacher, whose answer is the class scores.
    sending
        What the nodes send.
    scales
        Of each student's channels, for int8.
    last
        The final layer, when a further node runs it.
    """

    modules: Sequence[nn.Module]
    head: Head | None = None
    sending: Sending = _SCORES
    scales: Sequence[Array] | None = None
    last: nn.Module | None = None

    @classmethod
    def whole(cls, classifier: nn.Module) -> Deployed:
        """Return the deployment of a network on one node."""
        return cls([Scores(classifier).eval()])

    @classmethod
    def students(
        cls,
        system: System | SharedTrunk,
        sending: Sending,
        scales: Sequence[Array] | None = None,
        *,
        last: bool = False,
    ) -> Deployed:
        """Return the deployment of students on a node each, and with `last` of the final layer."""
        modules = senders(system, sending.form, sending.precision, scales)
        final = system.head.eval() if last else None
        return cls(modules, head_of(system), sending, scales, final)

    def jobs(self, place: Place, image: Tensor, last: Place | None = None) -> list[Job]:
        """Return what each node is given for images like `image`, (1, C, H, W).

        Parameters
        ----------
        last
            Where the final layer runs, if not at the same place as the students.
        """
        jobs = [
            _job(place, name, module, image)
            for name, module in zip(self.names(), self.modules, strict=True)
        ]
        if self.last is not None and self.head is not None:
            features = torch.zeros(1, sum(self.head.sizes))
            jobs.append(_job(last or place, "final-layer", self.last, features))
        return jobs

    def names(self) -> list[str]:
        """How messages call the nodes."""
        if self.head is None:
            return ["teacher"]
        return [f"student-{place}" for place in range(len(self.modules))]

    def ask(self, nodes: Nodes, image: Array) -> tuple[Answer, tuple[Reply, ...]]:
        """Ask all nodes at once; return the class scores of whoever answered, and the replies.

        Raises
        ------
        HarnessError
            No student answered, or the node of the final layer did not; with the reason of each.
        """
        replies = nodes.fleet.ask(image, among=range(len(self.modules)))
        return self.answer(nodes, replies), replies

    def answer(self, nodes: Nodes, replies: Sequence[Reply]) -> Answer:
        """Return the class scores that follow from `replies`, one of each node."""
        parts = [reply.array for reply in replies]
        if all(part is None for part in parts):
            said = "; ".join(f"{nodes.names[reply.node]}: {reply.fault}" for reply in replies)
            raise HarnessError(f"no node answered: {said}", "see that the nodes run")
        if self.head is None:
            (logits,) = parts
            assert logits is not None
            return Answer(logits, (0,), 1)
        if self.last is None:
            return self.head.answer(parts, self.sending.form, self.scales)
        return self._elsewhere(nodes, parts)

    def _elsewhere(self, nodes: Nodes, parts: Sequence[Array | None]) -> Answer:
        """Have the last node apply the final layer."""
        (reply,) = nodes.fleet.ask(self.heard(parts), among=[len(self.modules)])
        if reply.array is None:
            raise HarnessError(
                f"the node of the final layer did not answer: {reply.fault}",
                "see that it runs, or let the host apply the final layer",
            )
        standing = tuple(place for place, part in enumerate(parts) if part is not None)
        return Answer(reply.array, standing, len(parts))

    def heard(self, parts: Sequence[Array | None]) -> Array:
        """Return what the final layer hears of the answers: (1, D) float32, zero of the silent."""
        assert self.head is not None
        there = sum(part is not None for part in parts)
        columns = []
        for place, (size, part) in enumerate(zip(self.head.sizes, parts, strict=True)):
            if part is None:
                columns.append(np.zeros((1, size), np.float32))
                continue
            values = part.astype(np.float32)
            if part.dtype == np.int8 and self.scales is not None:
                values = values * self.scales[place]
            columns.append(values * np.float32(len(parts) / there))
        return np.concatenate(columns, axis=1, dtype=np.float32)


def _job(place: Place, name: str, module: nn.Module, example: Tensor) -> Job:
    with torch.inference_mode():
        made = module(example)
    dtype = str(made.dtype).removeprefix("torch.")
    return Job(name, place, place.built(module, example), tuple(made.shape), dtype)
