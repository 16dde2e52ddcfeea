"""The latency of one network whose every layer is split over N devices.

Each device computes 1/N of every layer's multiply-adds and holds 1/N of every map's channels.
Before each convolution that mixes channels, but the first, all devices exchange their parts
(`reproductions.nonn.communication`): each sends its 4 V / N bytes of a map of V values to the
N - 1 others and hears theirs, all at once, over its own link::

    e(V) = L + 8 * 4 V (N - 1) / N / B
    T    = t(image) + c / N + sum over maps e(V) + t(scores)        t(size) = L + 8 size / B

Each device is sent the image, as a NoNN's nodes are, and sends back its share of the class
scores; the host's sum of those is not counted.

The model is kind to the split: the work divides evenly and at no cost, the network between the
links carries everything at once and adds no latency of its own, an exchange has no frames, and
nobody waits longer for one device than for another. What NoNN gains over this, it gains for sure.
With N = 1 nothing is exchanged: it is the whole network on one device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from reproductions.nonn.communication import BYTES
from reproductions.nonn.simulation.link import Link, Prediction


@dataclass(frozen=True)
class Whole:
    """A network on one device.

    Parameters
    ----------
    compute_ms
        Milliseconds there.
    question, answer
        Bytes to a device and back, with the frame around them.
    maps
        Values of each map that a split gathers (`reproductions.nonn.communication.gathered`).
    """

    compute_ms: Fraction
    question: int
    answer: int
    maps: Sequence[int]


def sent(values: int, devices: int) -> Fraction:
    """Return the bytes that each device sends, and hears, when a map of `values` is gathered."""
    return Fraction(BYTES * values * (devices - 1), devices)


def predict(network: Whole, devices: int, link: Link) -> Prediction:
    """Return the time of one image on `devices` devices."""
    ways = link.time_ms(network.question) + link.time_ms(network.answer)
    if devices > 1:
        ways += sum(link.time_ms(sent(values, devices)) for values in network.maps)
    return Prediction(network.compute_ms / devices, ways)
