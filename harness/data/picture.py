"""Decoding pictures: of a known size, in a known format, and nothing else.

The size stands in a file's header and is compared before a pixel is decoded, so a small file
cannot fill the memory. JPEG may be decoded to other bytes by another version of its library;
the one used here comes with Pillow, which the lock of the environment pins.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING

import numpy as np

from harness.data.images import Pixels
from harness.errors import HarnessError
from harness.spec.layout import Image

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_SPARE = 1 << 20
_MODES = {1: ("L",), 3: ("RGB",), 4: ("RGBA",)}
# A palette's colours are for the eye; its indices are what a mask holds.
_MASK_MODES = ("L", "P")
# What Pillow lets escape for damaged files, beside OSError.
_FAULTS = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError,
    MemoryError, struct.error, zlib.error, Warning,
)  # fmt: skip


def longest(image: Image) -> int:
    """Return the bytes that no sensible file of such a picture exceeds."""
    return 2 * image.size + _SPARE


def decode_image(name: str, content: bytes, image: Image) -> Pixels:
    """Return the pixels, (height, width, channels), of a PNG or JPEG.

    Raises
    ------
    HarnessError
        The content is damaged, or is a picture of another size or kind; the message begins with
        `name`.
    """
    modes = _MODES.get(image.channels, ())
    return _decode(name, content, image, ("PNG", "JPEG"), modes).reshape(image.shape)


def decode_mask(name: str, content: bytes, image: Image) -> Pixels:
    """Return the values, (height, width), of a mask in PNG, one byte a pixel."""
    return _decode(name, content, image, ("PNG",), _MASK_MODES)


def _decode(
    name: str, content: bytes, image: Image, formats: tuple[str, ...], modes: tuple[str, ...]
) -> Pixels:
    import PIL.Image

    try:
        with warnings.catch_warnings():
            # A picture that is far too large is a warning to Pillow, and a fault here.
            warnings.simplefilter("error")
            with PIL.Image.open(io.BytesIO(content), formats=formats) as picture:
                _check(name, picture, image, modes)
                return np.array(picture, dtype=np.uint8)
    except (*_FAULTS, PIL.Image.DecompressionBombError) as error:
        kinds = " or ".join(formats)
        said = "it is of another format" if "BytesIO" in str(error) else error
        raise HarnessError(f"{name}: cannot be decoded as {kinds}: {said}") from error


def _check(name: str, picture: ImageFile, image: Image, modes: tuple[str, ...]) -> None:
    width, height = picture.size
    if (height, width) != (image.height, image.width):
        raise HarnessError(
            f"{name}: is a picture of {height} x {width} pixels, "
            f"the spec says {image.height} x {image.width}"
        )
    if picture.mode not in modes:
        raise HarnessError(
            f"{name}: is a picture of the kind {picture.mode}; allowed: {', '.join(modes)}"
        )
