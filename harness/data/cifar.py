"""CIFAR's binary format: records of one or two label bytes and the planes of one image.

The archives for Python hold pickles, which may run code; they are never read.
"""

from __future__ import annotations

import numpy as np

from harness.data.images import Labelled
from harness.errors import HarnessError
from harness.spec.layout import Image


def size(records: int, label_bytes: int, image: Image) -> int:
    """Return the bytes of a file with `records` records."""
    return records * (label_bytes + image.size)


def parse(name: str, content: bytes, label_bytes: int, image: Image) -> Labelled:
    """Return the images, as (N, height, width, channels), and the last label of each record.

    Raises
    ------
    HarnessError
        The content is empty or no whole number of records.
    """
    record = size(1, label_bytes, image)
    if not content or len(content) % record:
        raise HarnessError(f"{name}: {len(content)} bytes are not records of {record} bytes")
    rows = np.frombuffer(content, dtype=np.uint8).reshape(-1, record)
    planes = rows[:, label_bytes:].reshape(-1, image.channels, image.height, image.width)
    return Labelled(
        images=np.ascontiguousarray(planes.transpose(0, 2, 3, 1)),
        labels=rows[:, label_bytes - 1].astype(np.int64),
    )
