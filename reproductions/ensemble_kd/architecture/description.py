"""resnet18_e1 as a description, from which every framework builds it (BMXNet's examples).

The images are normalised; then follow the stem, one more normalisation, sixteen blocks in four
stages, ReLU, the mean over the map, and a dense layer. The stem, the 1x1 shortcuts, the dense
layer and all normalisations are in full precision, the sixteen 3x3 convolutions are quantised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from harness.errors import HarnessError
from reproductions.ensemble_kd.architecture.channels import BLOCKS, GRAIN, GROUPED, STAGES, scale
from reproductions.ensemble_kd.architecture.layer import (
    BASE_EPSILON,
    EPSILON,
    Block,
    Convolution,
    Normalisation,
    Shape,
    Shortcut,
    Stem,
)
from reproductions.ensemble_kd.architecture.maps import output_sizes
from reproductions.ensemble_kd.params.network import Network

__all__ = ["Block", "Convolution", "Description", "Normalisation", "Shortcut", "Stem", "describe"]

THUMBNAIL_BELOW = 50
"""Images of fewer pixels than this get the thumbnail stem."""


@dataclass(frozen=True)
class Description:
    """A network.

    Parameters
    ----------
    input
        The images' normalisation, in the widest member of an ensemble; see `input_of`.
    stem
        The first layers.
    stem_normalisation
        The normalisation ``stem.bn`` between the stem (after its pooling) and the first block.
        Every stem has it, and no activation follows it.
    blocks
        The sixteen blocks in their order.
    features
        Channels of the last block.
    rebuilt_input
        Members other than the widest normalise the images with a scale and epsilon 1e-5.
    """

    network: Network
    input: Normalisation
    stem: Stem
    stem_normalisation: Normalisation
    blocks: tuple[Block, ...]
    features: int
    classes: int
    rebuilt_input: bool = False

    def input_of(self, *, widest: bool = True) -> Normalisation:
        """Return how the widest member, or another one, normalises the images."""
        if widest or not self.rebuilt_input:
            return self.input
        return replace(self.input, scaled=True, epsilon=EPSILON)

    @property
    def convolutions(self) -> tuple[Convolution, ...]:
        """All convolutions: the stem's, then each block's with its shortcut's after it."""
        stem = [convolution for convolution, _ in self.stem.layers]
        return (*stem, *_of_blocks(self.blocks))

    @property
    def sizes(self) -> dict[str, int]:
        """The side, pixels, of each convolution's output, by the convolution's name."""
        return output_sizes(self.stem, self.blocks, self.network.image_size)

    @property
    def quantised(self) -> tuple[Convolution, ...]:
        """The quantised convolutions, in the order of `convolutions`."""
        return tuple(one for one in self.convolutions if one.quantised)

    def normalisations(self, *, widest: bool = True) -> tuple[Normalisation, ...]:
        """Return all normalisations of one member, in the order of the layers."""
        found = [self.input_of(widest=widest)]
        found += [one for _, one in self.stem.layers if one is not None]
        found.append(self.stem_normalisation)
        for block in self.blocks:
            found.append(block.normalisation)
            if block.shortcut is not None:
                found.append(block.shortcut.normalisation)
        return tuple(found)

    def shared(self) -> dict[str, Shape]:
        """Return the shapes of what all members share, by canonical name."""
        convolutions = {one.weight: one.shape for one in self.convolutions}
        return {
            **convolutions,
            "output.weight": (self.classes, self.features),
            "output.bias": (self.classes,),
        }

    def private(
        self, bits: int, *, widest: bool = True, alpha: bool = False, statistics: bool = True
    ) -> dict[str, Shape]:
        """Return the shapes of what the member of `bits` has for itself, by canonical name.

        Parameters
        ----------
        widest
            The member is the widest of its ensemble.
        alpha
            Its activations are PACT, which learns a clip level before each quantised convolution.
        statistics
            With the running statistics.
        """
        shapes: dict[str, Shape] = {}
        for one in self.normalisations(widest=widest):
            names = one.names if statistics else one.trained
            shapes.update(dict.fromkeys(names, (one.channels,)))
        if alpha:
            shapes.update(dict.fromkeys((one.alpha for one in self.quantised), (1,)))
        if self.network.add_activation == "prelu":
            shapes.update(dict.fromkeys((block.slope for block in self.blocks), (1,)))
        return {private_name(bits, name): shape for name, shape in shapes.items()}


def private_name(bits: int, name: str) -> str:
    """Return the canonical name of a value that the member of `bits` has for itself."""
    return f"bits{bits}.{name}"


@lru_cache(maxsize=64)
def describe(network: Network, *, rebuilt_input: bool = False) -> Description:
    """Describe `network`.

    Raises
    ------
    HarnessError
        The groups of the shortcuts do not divide their channels, or a shortcut cannot pool the
        map that images of this size leave.
    """
    stages = tuple(scale(channels, network.width) for channels in STAGES)
    image = Normalisation("input.bn", network.image_channels, scaled=False, epsilon=BASE_EPSILON)
    stem, blocks = _stem(network, stages[0]), tuple(_blocks(network, stages))
    output_sizes(stem, blocks, network.image_size)  # refuses images that do not fit
    return Description(
        network=network,
        input=image,
        stem=stem,
        stem_normalisation=Normalisation("stem.bn", stages[0]),
        blocks=blocks,
        features=stages[-1],
        classes=network.classes,
        rebuilt_input=rebuilt_input,
    )


def stem_kind(network: Network) -> str:
    """Return which stem `network` gets: as asked, or for `auto` by the size of the images."""
    if network.stem != "auto":
        return network.stem
    return "thumbnail" if network.image_size < THUMBNAIL_BELOW else "imagenet"


def _stem(network: Network, channels: int) -> Stem:
    kind, images = stem_kind(network), network.image_channels
    if kind == "thumbnail":
        only = Convolution("stem.conv1", images, channels, 3, 1, 1, 1, quantised=False)
        return Stem(kind, ((only, None),), pooled=False)
    if kind == "imagenet":
        only = Convolution("stem.conv1", images, channels, 7, 2, 3, 1, quantised=False)
        return Stem(kind, ((only, Normalisation("stem.bn1", channels)),), pooled=True)
    narrow = scale(GROUPED, network.width)
    layers = (
        Convolution("stem.conv1", images, narrow, 3, 2, 1, 1, quantised=False),
        Convolution("stem.conv2", narrow, narrow, 3, 1, 1, 4, quantised=False),
        Convolution("stem.conv3", narrow, channels, 3, 1, 1, GRAIN, quantised=False),
    )
    normalised = tuple(
        (layer, Normalisation(f"stem.bn{place}", layer.out_channels))
        for place, layer in enumerate(layers, 1)
    )
    return Stem(kind, normalised, pooled=True)


def _blocks(network: Network, stages: tuple[int, ...]) -> list[Block]:
    blocks: list[Block] = []
    before = stages[0]
    for stage, channels in enumerate(stages, 1):
        for place in range(1, BLOCKS + 1):
            name = f"stage{stage}.block{place}"
            stride = 2 if stage > 1 and place == 1 else 1
            blocks.append(
                Block(
                    name,
                    Convolution(f"{name}.conv", before, channels, 3, stride, 1, 1, quantised=True),
                    Normalisation(f"{name}.bn", channels),
                    _shortcut(network, name, before, channels, stride),
                )
            )
            before = channels
    return blocks


def _shortcut(
    network: Network, name: str, before: int, channels: int, stride: int
) -> Shortcut | None:
    # At a small width two stages can have equal channels; the map is narrowed all the same.
    if before == channels and stride == 1:
        return None
    groups = network.shortcut_groups
    if before % groups or channels % groups:
        raise HarnessError(
            f"{name}: a shortcut from {before} to {channels} channels has no {groups} groups",
            f"shortcut_groups must divide {before} and {channels}; 1 always does",
        )
    pool = network.shortcut_pool and stride > 1
    convolution = Convolution(
        f"{name}.shortcut",
        before,
        channels,
        1,
        1 if pool else stride,
        0,
        groups,
        quantised=not network.shortcut_full_precision,
    )
    return Shortcut(pool, convolution, Normalisation(f"{name}.shortcut_bn", channels))


def _of_blocks(blocks: tuple[Block, ...]) -> list[Convolution]:
    found: list[Convolution] = []
    for block in blocks:
        found.append(block.convolution)
        if block.shortcut is not None:
            found.append(block.shortcut.convolution)
    return found
