"""The latency of a NoNN: the host asks all nodes at once and waits for the last.

::

    T = max_k (t_in,k + c_k + t_back,k) + t_head        t(size) = L + 8 size / B

Every node has a link of its own to the host, whose own part of the network is taken as no
narrower than all of them together. One node without a head is a whole network on one device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from reproductions.nonn.simulation.link import Link, Prediction


@dataclass(frozen=True)
class Student:
    """A node's work for one image.

    Parameters
    ----------
    compute_ms
        Milliseconds on its device.
    question, answer
        Bytes to the node and back, with the frame around them.
    """

    compute_ms: Fraction
    question: int
    answer: int

    def over(self, link: Link) -> Prediction:
        """Return the time of this node alone."""
        ways = link.time_ms(self.question) + link.time_ms(self.answer)
        return Prediction(self.compute_ms, ways)


def predict(students: Sequence[Student], head_ms: Fraction, link: Link) -> Prediction:
    """Return the time of one image; its parts are those of the slowest node, and the head's."""
    last = max((student.over(link) for student in students), key=lambda one: one.total_ms)
    return Prediction(last.compute_ms + head_ms, last.transfer_ms)
