"""The shunts of the release as descriptions, fitted to the place of a window.

Haas 2021, release: a shunt is one, two or three bottlenecks, each a 1x1 expansion, a 3x3 depthwise
convolution and a 1x1 projection, normalised, with ReLU6 after the first two and nothing after the
projection. There are no biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

from harness.errors import HarnessError
from reproductions.shunt.architecture.block import Architecture
from reproductions.shunt.architecture.layer import Activation, Conv, Depthwise, Shape
from reproductions.shunt.architecture.sketch import Sketch
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.params.window import Window

RELU6 = Activation("relu6")
BOTTLENECKS = {4: 1, 1: 2, 5: 3}
"""How many bottlenecks an architecture has, and so how many layers that can have a stride."""

_EXPANSION = {4: 128, 1: 192, 5: 192}
_INNER = 64  # channels between two bottlenecks; also the window's for which the widths are made


@dataclass(frozen=True)
class Site:
    """Where a shunt stands: all that it has to know of its window.

    Parameters
    ----------
    input, output
        Height, width and channels before and after the window.
    dilations
        Those of the first and of the last depthwise convolution in the window.
    """

    input: Shape
    output: Shape
    dilations: tuple[int, int] = (1, 1)

    @property
    def strided(self) -> int:
        """How many layers of stride 2 lead from the input's width to the output's."""
        return round(log2(self.input[1] / self.output[1]))


@dataclass(frozen=True)
class Bottleneck:
    """One bottleneck: its expanded and outgoing channels, and its depthwise convolution."""

    expanded: int
    outputs: int
    stride: int
    dilation: int


def site_of(network: Architecture, window: Window) -> Site:
    """Return the place of `window` in `network`.

    Raises
    ------
    HarnessError
        The network has no such blocks, or reads a map from the midst of one of them elsewhere.
    """
    count = len(network.blocks)
    if window.last >= count:
        raise no_such_block(window.last, range(count))
    within = network.blocks[window.first : window.last + 1]
    tapped = sorted(network.tapped & {block.ordinal for block in within})
    if tapped:
        raise HarnessError(
            f"the window {window} holds block {tapped[0]}, of which the head of the network reads "
            "an inner map",
            f"choose windows without block {tapped[0]}",
        )
    return Site(within[0].input, within[-1].output, (within[0].dilation, within[-1].dilation))


def no_such_block(ordinal: int, known: range | list[int]) -> HarnessError:
    """Return the error for a block that a network does not have."""
    names = f"{min(known)} to {max(known)}" if isinstance(known, range) else str(known)[1:-1]
    return HarnessError(
        f"the network has no block {ordinal}", f"its blocks are {names}, counted from 0"
    )


def describe_shunt(site: Site, shunt: Shunt) -> Architecture:
    """Describe `shunt` at `site`; its layers have the names of the release.

    Raises
    ------
    HarnessError
        The window halves the map more often than the architecture can, or to another size.
    """
    sketch = Sketch(site.input)
    for index, bottleneck in enumerate(bottlenecks(site, shunt), start=1):
        # Of the release's architectures the first alone has zeros of its own before a stride.
        _draw(sketch, bottleneck, index, pads=shunt.architecture == 1 and bottleneck.stride > 1)
    sketch.close("shunt", 0)
    network = sketch.finish()
    if network.output != site.output:
        raise HarnessError(
            f"shunt {shunt} turns {_text(site.input)} into {_text(network.output)}, but its window "
            f"ends at {_text(site.output)}",
            "a shunt halves a map with 3x3 kernels, rounding up: choose a window that does so too",
        )
    return network


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))


def bottlenecks(site: Site, shunt: Shunt) -> tuple[Bottleneck, ...]:
    """Return the bottlenecks of `shunt` at `site`: the first ones take the strides."""
    count = BOTTLENECKS[shunt.architecture]
    _check_strides(site, shunt, count)
    expanded, inner = (_width(c, site, shunt) for c in (_EXPANSION[shunt.architecture], _INNER))
    first, last = site.dilations
    return tuple(
        Bottleneck(
            expanded,
            site.output[2] if index == count - 1 else inner,
            stride=2 if index < site.strided else 1,
            dilation=1 if index < site.strided else last if index == count - 1 else first,
        )
        for index in range(count)
    )


def _check_strides(site: Site, shunt: Shunt, most: int) -> None:
    if 0 <= site.strided <= most:
        return
    able = sorted(name for name, count in BOTTLENECKS.items() if count >= site.strided >= 0)
    does = "halves the map" if site.strided > 0 else "enlarges the map, by halves"
    raise HarnessError(
        f"the window {does} {abs(site.strided)} times, and architecture {shunt.architecture} has "
        f"{most} layers that can have a stride",
        f"choose architecture {' or '.join(map(str, able))}"
        if able
        else "choose a window within which the map keeps its size or is halved up to three times",
    )


def _width(published: int, site: Site, shunt: Shunt) -> int:
    if shunt.width == "published":
        return published
    scaled = published * site.input[2] / _INNER
    return max(8, int(scaled / 8 + 0.5) * 8)


def _draw(sketch: Sketch, part: Bottleneck, index: int, *, pads: bool) -> None:
    expand, project, norm = 2 * index - 1, 2 * index, 3 * index - 2
    conv = Conv(sketch.channels, part.expanded)
    sketch.normalised(f"shunt_conv_{expand}", conv, f"shunt_batch_norm_{norm}")
    sketch.add(f"shunt_relu_{expand}", RELU6)
    if pads:
        sketch.padded(f"shunt_depthwise_pad_{index}", 3)
    depthwise = Depthwise(part.expanded, 3, part.stride, part.dilation, "valid" if pads else "same")
    sketch.normalised(f"shunt_depth_conv_{index}", depthwise, f"shunt_batch_norm_{norm + 1}")
    sketch.add(f"shunt_relu_{expand + 1}", RELU6)
    conv = Conv(part.expanded, part.outputs)
    sketch.normalised(f"shunt_conv_{project}", conv, f"shunt_batch_norm_{norm + 2}")


def check_cheaper(window: Window, replaced: int, shunt: int) -> None:
    """Refuse a shunt of `shunt` multiply-adds for a window of `replaced`, which are fewer.

    Multiply-adds alone decide: they are what the publications reduce. A shunt may have more
    parameters than early blocks, which have few.
    """
    if shunt > replaced:
        raise HarnessError(
            f"the shunt for window {window} needs {shunt:,} multiply-adds, and what it replaces "
            f"{replaced:,}: the network would be slower",
            "choose a longer window, or a shunt of architecture 4 or of a width that follows the "
            "window",
        )
