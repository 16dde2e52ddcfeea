"""scikit-learn's digits: a line an image, its pixels row by row and then its label."""

from __future__ import annotations

import re

import numpy as np

from harness.data.images import Labelled
from harness.errors import HarnessError
from harness.spec.layout import Image

_LINE = re.compile(rb"\d{1,3}(,\d{1,3})*")


def parse(name: str, content: bytes, image: Image) -> Labelled:
    """Return the images, as (N, height, width, channels), and their labels.

    Raises
    ------
    HarnessError
        A line is not made of the right number of whole numbers from 0 to 255.
    """
    lines = content.splitlines()
    if not lines:
        raise HarnessError(f"{name}: is empty")
    rows = [_row(f"{name}:{number}", line, image) for number, line in enumerate(lines, start=1)]
    values = np.array(rows, dtype=np.uint8)
    return Labelled(
        images=np.ascontiguousarray(values[:, :-1]).reshape(-1, *image.shape),
        labels=values[:, -1].astype(np.int64),
    )


def _row(place: str, line: bytes, image: Image) -> list[int]:
    if not _LINE.fullmatch(line):
        raise HarnessError(f"{place}: is not a line of whole numbers with commas between them")
    row = [int(cell) for cell in line.split(b",")]
    if len(row) != image.size + 1:
        raise HarnessError(f"{place}: has {len(row)} numbers instead of {image.size + 1}")
    if max(row) > 255:
        raise HarnessError(f"{place}: {max(row)} is larger than a byte")
    return row
