"""Layers in full precision; maps are (batch, height, width, channels)."""

from __future__ import annotations

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.serving import kernel

_BLOCK = 1 << 18
"""Numbers of a block of columns: they stay in the second cache between copy and product."""
_LANES = 32
"""Output channels of a block of the kernel."""


class FloatConvolution:
    """A convolution by the kernel, or where that has none by columns and NumPy's BLAS.

    Parameters
    ----------
    weights
        Float32 (outputs, inputs of a group, kernel, kernel).
    border
        What surrounds the map.
    backend
        As for `PackedConvolution`; sums may differ between backends in their last bits.
    """

    def __init__(
        self,
        weights: Array,
        stride: int,
        padding: int,
        groups: int = 1,
        border: float = 0.0,
        backend: str | None = None,
    ) -> None:
        self.outputs, self.inputs, self.kernel, _ = weights.shape
        self.stride, self.padding, self.groups, self.border = stride, padding, groups, border
        self.backend = kernel.choose(backend)
        split = weights.reshape(groups, self.outputs // groups, -1, self.kernel, self.kernel)
        matrices = split.transpose(0, 3, 4, 2, 1).reshape(groups, -1, self.outputs // groups)
        compiled = self.backend in kernel.FLOATS
        self._matrices = [_blocks(one) if compiled else one for one in matrices.astype(np.float32)]

    @property
    def bytes(self) -> int:
        """Bytes of the weights."""
        return sum(int(one.nbytes) for one in self._matrices)

    def __call__(
        self,
        images: Array,
        scale: Array | None = None,
        shift: Array | None = None,
        added: Array | None = None,
    ) -> Array:
        """Return float32 (batch, rows, columns, outputs): sums * `scale` + `shift` (+ `added`).

        `scale` and `shift` have one number for each output channel; None: 1 and 0.
        """
        affine = (
            np.ones(self.outputs, np.float32) if scale is None else scale,
            np.zeros(self.outputs, np.float32) if shift is None else shift,
        )
        padded = self._bordered(images)
        if self.groups == 1:
            return self._convolved(padded, self._matrices[0], affine, added)
        each = self.outputs // self.groups
        parts = []
        for group, part in enumerate(np.split(padded, self.groups, axis=3)):
            own = slice(group * each, (group + 1) * each)
            ends = affine[0][own], affine[1][own]
            extra = None if added is None else added[..., own]
            parts.append(self._convolved(part, self._matrices[group], ends, extra))
        return np.concatenate(parts, axis=3)

    def _convolved(
        self, padded: Array, matrix: Array, affine: tuple[Array, Array], added: Array | None
    ) -> Array:
        """Convolve a map whose border is in place with the matrix of a group."""
        batch, *sizes, channels = padded.shape
        rows, columns = ((one - self.kernel) // self.stride + 1 for one in sizes)
        answer = np.empty((batch, rows, columns, self.outputs // self.groups), np.float32)
        if self.backend not in kernel.FLOATS:
            self._multiply(padded, matrix, answer)
            answer *= affine[0]
            answer += affine[1]
            if added is not None:
                answer += added
            return answer
        job = kernel.Job(
            batch=batch, height=sizes[0], width=sizes[1], channels=channels,
            out_channels=answer.shape[3], kernel=self.kernel, stride=self.stride,
            out_height=rows, out_width=columns,
        )  # fmt: skip
        maps = np.ascontiguousarray(padded, np.float32)
        extra = None if added is None else np.ascontiguousarray(added, np.float32)
        lanes = len(matrix) * _LANES
        ends = [kernel.filled(one, lanes) for one in affine]
        channel = kernel.Channels(
            weights=matrix.ctypes.data, scale=ends[0].ctypes.data, shift=ends[1].ctypes.data
        )
        result = kernel.Result(
            numbers=answer.ctypes.data, added=None if extra is None else extra.ctypes.data
        )
        kernel.library().ensemble_convolve_floats(job, maps.ctypes.data, channel, result)
        return answer

    def _multiply(self, padded: Array, matrix: Array, to: Array) -> None:
        """Fill `to` with products of what lies under the kernel, a block of rows at a time."""
        size, depth = self.kernel, len(matrix)
        seen = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
        stepped = seen[:, :: self.stride, :: self.stride].transpose(0, 1, 2, 4, 5, 3)
        block = max(1, _BLOCK // (to.shape[2] * depth))
        held = np.empty((min(block, to.shape[1]), *stepped.shape[2:]), np.float32)
        for image, answer in zip(stepped, to, strict=True):
            for row in range(0, len(image), block):
                flat = held[: len(image[row : row + block])]
                np.copyto(flat, image[row : row + block])
                product = flat.reshape(-1, depth) @ matrix
                answer[row : row + block] = product.reshape(answer[row : row + block].shape)

    def _bordered(self, images: Array) -> Array:
        if not self.padding:
            return images
        pad = self.padding
        batch, height, width, channels = images.shape
        shape = (batch, height + 2 * pad, width + 2 * pad, channels)
        padded = np.full(shape, self.border, np.float32)
        padded[:, pad:-pad, pad:-pad] = images
        return padded


def _blocks(matrix: Array) -> Array:
    """Return a matrix (products, outputs) as (blocks, products, lanes), filled up with zeros."""
    depth, outputs = matrix.shape
    filled = np.zeros((depth, -(-outputs // _LANES) * _LANES), np.float32)
    filled[:, :outputs] = matrix
    return np.ascontiguousarray(filled.reshape(depth, -1, _LANES).transpose(1, 0, 2))


def pool_mean(images: Array) -> Array:
    """Return the means of 2x2 pixels, stride 2, of a map of even size."""
    upper = images[:, ::2, ::2] + images[:, ::2, 1::2]
    lower = images[:, 1::2, ::2] + images[:, 1::2, 1::2]
    means: Array = (upper + lower) * np.float32(0.25)
    return means


def pool_maximum(images: Array) -> Array:
    """Return the largest of 3x3 pixels, stride 2, padding 1."""
    batch, height, width, channels = images.shape
    padded = np.full((batch, height + 2, width + 2, channels), -np.inf, np.float32)
    padded[:, 1:-1, 1:-1] = images
    rows, columns = (height - 1) // 2 + 1, (width - 1) // 2 + 1
    largest = padded[:, : 2 * rows - 1 : 2, : 2 * columns - 1 : 2].copy()
    for y in range(3):
        for x in range(3):
            seen = padded[:, y : y + 2 * rows - 1 : 2, x : x + 2 * columns - 1 : 2]
            np.maximum(largest, seen, out=largest)
    return largest
