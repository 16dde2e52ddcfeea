"""What a student of a network needs of its device, and how good a student it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from reproductions.nonn import architecture
from reproductions.nonn.architecture.memory import peak_activations
from reproductions.nonn.costs import BYTES
from reproductions.nonn.params.budget import Device
from reproductions.nonn.params.network import Network

STEPS = 1024
"""Logarithms are counted in this share of a bit, as whole numbers: they are the same anywhere."""


@dataclass(frozen=True)
class Need:
    """Bytes of the weights, bytes of the values held at one time, and multiply-adds."""

    weight_bytes: int
    activation_bytes: int
    macs: int

    def shortages(self, device: Device) -> dict[str, tuple[int, int]]:
        """What `device` has too little of: what is needed, and what there is."""
        pairs = {
            "bytes of weights": (self.weight_bytes, device.weight_bytes),
            "bytes of activations": (self.activation_bytes, device.activation_bytes),
            "multiply-adds": (self.macs, device.macs),
        }
        return {name: pair for name, pair in pairs.items() if pair[0] > pair[1]}


@cache
def need_of(network: Network, filters: int) -> Need:
    """Count a student of `network` with `filters` filters; the head is on another device."""
    student = architecture.student(network, filters)
    return Need(BYTES * student.parameters, BYTES * peak_activations(student), student.macs)


@cache
def capability(network: Network) -> int:
    """Return the binary logarithm of parameters and multiply-adds, half of each, in STEPS.

    Both count since width adds to both alike, while depth and resolution add to one of them.
    """
    trunk = architecture.backbone(network)
    return logarithm(trunk.parameters * trunk.macs, STEPS // 2)


@cache
def logarithm(number: int, steps: int = STEPS) -> int:
    """Return the binary logarithm of `number`, at least 1, in `steps` of a bit, rounded down."""
    return int(number**steps).bit_length() - 1


def room(device: Device, network: Network, most: int) -> int:
    """Return how many filters a student of `network` can have on `device`, at most `most`.

    A filter more never needs less.
    """
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if need_of(network, middle).shortages(device):
            high = middle - 1
        else:
            low = middle
    return low
