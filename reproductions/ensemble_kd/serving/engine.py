"""Answers images from a store, by any of its widths: NumPy and the kernel, no framework."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.ensemble_kd.params.quantisation import FULL
from reproductions.ensemble_kd.quantisation.nested import NESTED
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.forward import Ready, build, build_body
from reproductions.ensemble_kd.serving.layers import Backends, Layer
from reproductions.ensemble_kd.serving.store import Store

Mixed = Mapping[str, int]
"""Bits of single quantised convolutions, by the convolution's name."""
_NONE: Mixed = {}


class Engine:
    """Answers images with the member whose width is asked for; switching costs a look-up.

    What a width needs is packed when it is first asked for, or by `prepare`, and kept.

    Parameters
    ----------
    store
        Opened, so that it is as it was packed.
    backend
        What computes codes, one of `kernel.backends()`; None: the fastest. All give equal bits.
    floats
        What computes layers in full precision. The kernel rounds otherwise than NumPy's BLAS, whose
        bits do not depend on the CPU where its core type is set.
    """

    def __init__(
        self, store: Store, backend: str | None = None, floats: str = kernel.NUMPY
    ) -> None:
        self.store = store
        self.backends = Backends(kernel.choose(backend), kernel.choose(floats))
        self._networks: dict[int, Ready] = {}
        self._mixed: dict[tuple[str, int, int], Layer] = {}

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths that it answers with."""
        return self.store.served

    def prepare(self, bits: int) -> None:
        """Pack what the member of `bits` needs, so that its first answer is no slower."""
        self._network(bits)

    def answer(self, images: Array, bits: int, mixed: Mixed = _NONE) -> Array:
        """Return float32 logits (batch, classes) of the member of `bits`.

        Parameters
        ----------
        images
            Normalised, float32 (batch, channels, height, width).
        mixed
            Other widths for some of its quantised convolutions; normalisation stays the member's.

        Raises
        ------
        HarnessError
            The store does not serve a width, a name is no quantised convolution, or the images
            are not the network's.
        """
        self._check(images)
        found = self._network(bits)
        others = {name: self._layer(bits, name, width) for name, width in mixed.items()}
        return found.answer(np.ascontiguousarray(images.transpose(0, 2, 3, 1)), others)

    def _network(self, bits: int) -> Ready:
        if bits not in self._networks:
            member = self.store.member(bits)
            self._networks[bits] = build(self.store, member, self.backends)
        return self._networks[bits]

    def _layer(self, bits: int, name: str, width: int) -> Layer:
        """Return a block's convolution of the member of `bits` with codes of `width` bits."""
        key = (name, bits, width)
        if key not in self._mixed:
            blocks = {one.convolution.name: one for one in self.store.description.blocks}
            if name not in blocks:
                raise HarnessError(
                    f"'{name}' is no quantised convolution of a block",
                    f"name some of {', '.join(blocks)}",
                )
            if width not in NESTED or self.store.member(bits).weight_bits == FULL:
                raise HarnessError(
                    f"'{name}' cannot have {width} bits in the member of {bits} bits",
                    "give it 8, 4, 2 or 1, in a member whose weights are quantised",
                )
            self._mixed[key] = build_body(
                self.store, blocks[name], self.store.member(bits), self.backends, width
            )
        return self._mixed[key]

    def _check(self, images: Array) -> None:
        network = self.store.network
        size = (network.image_channels, network.image_size, network.image_size)
        if images.ndim != 4 or images.shape[1:] != size or images.dtype != np.float32:
            raise HarnessError(
                f"the images are {images.dtype} {images.shape}, and the network takes float32 "
                f"(any number, {', '.join(map(str, size))})",
                "give normalised images of the size that it was trained with",
            )
        if not np.isfinite(images).all():
            raise HarnessError("an image has numbers that are not finite", "normalise it anew")
