"""Bytes that devices exchange for one inference: a NoNN against a network split by layers.

NoNN: each of the N students sends its pooled features once, C_1 + ... + C_N numbers in all.

- ``nonn-features``: in single precision, 4 sum C_k bytes (as released);
- ``nonn-logits``: each student applies its part of the linear head and sends its share of the K
  class scores, 4 N K bytes; the scores are the same up to the order of the sum;
- ``nonn-int8``: the features as whole numbers of one byte, sum C_k bytes; the scales are known
  to the receiver beforehand.

``layer-split``: every device holds 1/N of each layer's channels. Before each convolution of a
block's body that mixes channels, but the network's first, every device sends its part of the
feature map to the N - 1 others (all-gather): 4 (N - 1) x channels x height x width bytes. A
shortcut uses the map that was gathered for the body. In WRN and VGG these are the 3x3
convolutions. The last linear layer is not counted, nor is the image, which every device gets in
both ways.
"""

from __future__ import annotations

from math import prod

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn import architecture
from reproductions.nonn.architecture.block import trace
from reproductions.nonn.architecture.layer import Conv
from reproductions.nonn.params.communication import CommunicationParams, DistributedEntry
from reproductions.nonn.params.network import Network

BYTES = 4
"""Bytes of a number in single precision."""


def gathered(network: Network) -> list[int]:
    """Return the values of each feature map that the layer split gathers, first to last."""
    maps = [
        prod(use.input)
        for block, shape in architecture.backbone(network).placed()
        for use in trace(block.body, shape)
        if isinstance(use.layer, Conv) and use.layer.groups == 1
    ]
    return maps[1:]


def rows_of_devices(entry: DistributedEntry, filters: tuple[int, ...]) -> list[Row]:
    """Return the row of every method for as many devices as `filters` has students."""
    devices = len(filters)
    maps = gathered(entry.network)
    features = BYTES * sum(filters)
    counted = {
        "nonn-features": (devices, features),
        "nonn-logits": (devices, BYTES * devices * entry.network.classes),
        "nonn-int8": (devices, sum(filters)),
        "layer-split": (len(maps), BYTES * (devices - 1) * sum(maps)),
    }
    return [
        {
            "network": entry.name,
            "devices": devices,
            "method": method,
            "exchanges": exchanges,
            "bytes": total,
            "ratio": total / features,
        }
        for method, (exchanges, total) in counted.items()
    ]


def rows_of(params: CommunicationParams) -> list[Row]:
    """Return the rows of every entry and number of devices, in their order."""
    return [
        row
        for entry in params.entries
        for filters in entry.filters
        for row in rows_of_devices(entry, filters)
    ]


def count_communication(
    inputs: Inputs,  # noqa: ARG001 - the contract of a step
    params: CommunicationParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: count the bytes of one inference."""
    outputs.rows("rows", rows_of(params))
