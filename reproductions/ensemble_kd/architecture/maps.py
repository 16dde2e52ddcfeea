"""How large the maps are, from the images on, and where a network does not fit them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import HarnessError
from reproductions.ensemble_kd.architecture.layer import Block, Stem


def pooled(size: int) -> int:
    """Return the side of the map that the stem's 3x3 maximum makes of one of `size` pixels."""
    return (size + 2 - 3) // 2 + 1


def output_sizes(stem: Stem, blocks: Sequence[Block], image_size: int) -> dict[str, int]:
    """Return the side, pixels, of each convolution's output, by its name.

    Raises
    ------
    HarnessError
        A shortcut that pools meets a map whose side is odd: it would leave a smaller map than the
        convolution that it goes around.
    """
    sizes: dict[str, int] = {}
    size = image_size
    for convolution, _ in stem.layers:
        size = sizes[convolution.name] = convolution.output(size)
    if stem.pooled:
        size = pooled(size)
    for block in blocks:
        if block.shortcut is not None:
            narrowed = _around(block, size, image_size)
            sizes[block.shortcut.convolution.name] = block.shortcut.convolution.output(narrowed)
        size = sizes[block.convolution.name] = block.convolution.output(size)
    return sizes


def _around(block: Block, size: int, image_size: int) -> int:
    """The side of the map that the shortcut of `block` convolves."""
    if block.shortcut is None or not block.shortcut.pool:
        return size
    if size % 2:
        raise HarnessError(
            f"{block.name}: the shortcut pools 2x2, and images of {image_size} pixels leave a map "
            f"of {size} there",
            "take an image_size that can be halved at each stage (a multiple of 8, or of 32 with "
            "the stems for larger images), or set shortcut_pool: false",
        )
    return size // 2
