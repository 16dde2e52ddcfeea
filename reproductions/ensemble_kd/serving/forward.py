"""The forward pass of one member, and what it needs, made ready from a store.

Maps are float32 (batch, height, width, channels).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.formats.arrays import Array
from reproductions.ensemble_kd.architecture.description import private_name
from reproductions.ensemble_kd.architecture.layer import Block
from reproductions.ensemble_kd.params.network import AddedActivation
from reproductions.ensemble_kd.quantisation.member import Member
from reproductions.ensemble_kd.serving import layers
from reproductions.ensemble_kd.serving.floating import pool_maximum, pool_mean
from reproductions.ensemble_kd.serving.layers import Affine, Backends, Layer
from reproductions.ensemble_kd.serving.store import Store


@dataclass(frozen=True)
class ReadyBlock:
    """A block; `name` is that of its convolution."""

    name: str
    body: Layer
    pool: bool
    shortcut: Layer | None
    added: AddedActivation
    slope: float


@dataclass(frozen=True)
class ReadyStem:
    """`layers`: each with whether ReLU follows; `after` the pooling comes a normalisation."""

    layers: tuple[tuple[Layer, bool], ...]
    pooled: bool
    after: Affine | None


@dataclass(frozen=True)
class Ready:
    """One member, ready."""

    input: Affine
    stem: ReadyStem
    blocks: tuple[ReadyBlock, ...]
    weight: Array
    bias: Array

    def answer(self, images: Array, others: Mapping[str, Layer]) -> Array:
        """Return the logits of images (batch, height, width, channels)."""
        maps = _through_stem(self.input(images), self.stem)
        for block in self.blocks:
            maps = _through_block(maps, block, others.get(block.name, block.body))
        features = np.maximum(maps, np.float32(0)).mean(axis=(1, 2), dtype=np.float32)
        logits: Array = features @ self.weight.T + self.bias
        return logits


def _through_stem(images: Array, stem: ReadyStem) -> Array:
    for layer, bent in stem.layers:
        images = layer(images, None)
        if bent:
            np.maximum(images, np.float32(0), out=images)
    if stem.pooled:
        images = pool_maximum(images)
    return stem.after(images) if stem.after else images


def _through_block(images: Array, block: ReadyBlock, body: Layer) -> Array:
    around = pool_mean(images) if block.pool else images
    if block.shortcut is not None:
        around = block.shortcut(around, None)
    maps = body(images, around)
    if not block.added:
        return maps
    if block.added == "relu":
        return np.maximum(maps, np.float32(0))
    negative = np.minimum(maps, np.float32(0))
    below = np.expm1(negative) if block.added == "elu" else np.float32(block.slope) * negative
    return np.maximum(maps, np.float32(0)) + below


def build(store: Store, member: Member, backends: Backends) -> Ready:
    """Pack and fold what `member` needs."""
    about, bits = store.description, member.bits
    widest = bits == max(store.widths)
    return Ready(
        layers.normalisation(store, bits, about.input_of(widest=widest)),
        _stem(store, bits, backends),
        tuple(_block(store, one, member, backends) for one in about.blocks),
        store.floats("output.weight"),
        store.floats("output.bias"),
    )


def _stem(store: Store, bits: int, backends: Backends) -> ReadyStem:
    stem = store.description.stem
    last = layers.normalisation(store, bits, store.description.stem_normalisation)
    found = []
    for layer, own in stem.layers:
        # Where nothing lies between, the stem's own normalisation is folded into the layer.
        affine = layers.normalisation(store, bits, own) if own else last
        found.append((layers.full_precision(store, layer, affine, backends), own is not None))
    folded = stem.layers[-1][1] is None and not stem.pooled
    return ReadyStem(tuple(found), stem.pooled, None if folded else last)


def _block(store: Store, block: Block, member: Member, backends: Backends) -> ReadyBlock:
    shortcut = None
    if block.shortcut is not None:
        affine = layers.normalisation(store, member.bits, block.shortcut.normalisation)
        convolution = block.shortcut.convolution
        shortcut = (
            layers.quantised(store, convolution, member, affine, backends, member.bits)
            if convolution.quantised
            else layers.full_precision(store, convolution, affine, backends)
        )
    added = store.network.add_activation
    slope = 0.0
    if added == "prelu":
        slope = float(store.floats(private_name(member.bits, block.slope))[0])
    return ReadyBlock(
        block.convolution.name,
        build_body(store, block, member, backends, member.bits),
        block.shortcut is not None and block.shortcut.pool,
        shortcut,
        added,
        slope,
    )


def build_body(store: Store, block: Block, member: Member, backends: Backends, bits: int) -> Layer:
    """Return a block's convolution with its normalisation; its codes have `bits` bits."""
    affine = layers.normalisation(store, member.bits, block.normalisation)
    return layers.quantised(store, block.convolution, member, affine, backends, bits)
