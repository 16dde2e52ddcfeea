"""Segmented images: what went in, what is true, and what two networks say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.drawing.axes import size_of
from reproductions.drawing.palette import GREY, INK
from reproductions.shunt.drawing.classes import (
    Palette,
    enlarged,
    ink_on,
    mean_iou,
    present,
    spot,
)
from reproductions.shunt.params.drawing import SegmentationExampleParams

if TYPE_CHECKING:
    from harness.formats.figure import CanonicalFigure

MASKS = ("truth", "original", "final")
_TITLES = ("input", "truth", "original", "with shunts")
# Pixels: the widest one panel may be, what is free between panels and at the edges, and the lines
# above, below each row, and of the legend.
_PANEL, _GAP, _EDGE, _TITLE, _SAID, _ENTRY = 236, 14, 14, 28, 26, 24
_TEXT, _INSIDE = 8.0, 6.5
_MOST = 8


@dataclass(frozen=True)
class Examples:
    """Some images with their masks.

    Parameters
    ----------
    images
        uint8 of shape (n, H, W, 3), or (n, H, W, 1) for grey ones.
    masks
        By the names of MASKS, classes of shape (n, H, W).
    palette
        The classes.
    """

    images: Array
    masks: Mapping[str, Array]
    palette: Palette

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image."""
        return int(self.images.shape[1]), int(self.images.shape[2])


def examples_of(arrays: Mapping[str, Array], about: Mapping[str, Any]) -> Examples:
    """Return the examples of an input with ``images``, the masks and, in `about`, the classes.

    Raises
    ------
    HarnessError
        There are none, or too many for one page; or shapes do not fit each other.
    """
    missing = [name for name in ("images", *MASKS) if name not in arrays]
    if not isinstance(about.get("class_names"), list):
        missing.append("the list 'class_names' in what the manifest says about them")
    if missing:
        raise HarnessError(
            f"the picture of an example lacks {', '.join(missing)}",
            f"give the arrays images, {', '.join(MASKS)}, and the names of the classes",
        )
    images = np.asarray(arrays["images"])
    if not 1 <= len(images) <= _MOST:
        raise HarnessError(
            f"the picture of an example shows 1 to {_MOST} images, and there are {len(images)}",
            "choose some images of the test split",
        )
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype != np.uint8:
        raise HarnessError(
            f"the images are {images.dtype} of shape {images.shape}",
            "give uint8 of shape (images, height, width, 1 or 3)",
        )
    masks = {name: np.asarray(arrays[name]) for name in MASKS}
    for name, mask in masks.items():
        if mask.shape != images.shape[:3]:
            raise HarnessError(
                f"the masks '{name}' have shape {mask.shape}, the images {images.shape[:3]}",
                "give a mask of every image in its own size",
            )
    names = tuple(map(str, about["class_names"]))
    return Examples(images, masks, Palette(names, about.get("ignore")))


@dataclass(frozen=True)
class Page:
    """Where things stand on a page of a given number of examples, all in whole pixels.

    A pixel of an image is `enlarge` by `enlarge` pixels, or one of `every` where images are large.
    """

    examples: Examples
    enlarge: int
    every: int
    legend: int

    @property
    def panel(self) -> tuple[int, int]:
        """Height and width of one panel."""
        height, width = (-(-side // self.every) * self.enlarge for side in self.examples.size)
        return height, width

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the page."""
        height, width = self.panel
        count = len(self.examples.images)
        return (
            _EDGE + _TITLE + count * (height + _SAID) + self.legend + _EDGE,
            2 * _EDGE + 4 * width + 3 * _GAP,
        )

    def corner(self, row: int, column: int) -> tuple[int, int]:
        """Return the upper left corner of a panel from that of the page: down, right."""
        height, width = self.panel
        return _EDGE + _TITLE + row * (height + _SAID), _EDGE + column * (width + _GAP)


class _Drawing:
    """The figure, with places given in pixels from its upper left corner."""

    def __init__(self, page: Page) -> None:
        from harness.formats import figure

        self.page = page
        height, width = page.size
        self.figure = figure.new(width / figure.DPI, height / figure.DPI)
        self.figure.set_layout_engine("none")  # every place is computed here

    def picture(self, row: int, column: int, pixels: Array) -> None:
        """Show `pixels` in a panel, one of them on one of the page."""
        (height, width), (down, right) = self.page.size, self.page.corner(row, column)
        across, up = pixels.shape[1], pixels.shape[0]
        place = right / width, 1 - (down + up) / height, across / width, up / height
        axes = self.figure.add_axes(place)
        axes.imshow(pixels, interpolation="nearest", aspect="auto")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)

    def text(self, down: float, right: float, said: str, **how: Any) -> None:
        """Write `said` around a place."""
        height, width = self.page.size
        self.figure.text(right / width, 1 - down / height, said, va="center", **how)

    def box(self, down: float, right: float, side: float, **how: Any) -> None:
        """Draw a square with its upper left corner at a place."""
        from matplotlib.patches import Rectangle

        height, width = self.page.size
        corner = right / width, 1 - (down + side) / height
        box = Rectangle(
            corner, side / width, side / height, transform=self.figure.transFigure, **how
        )
        self.figure.add_artist(box)


def _page(examples: Examples) -> Page:
    widest = max(examples.size)
    enlarge = max(1, _PANEL // widest)
    every = -(-widest // _PANEL)
    plain = Page(examples, enlarge, every, 0)
    return Page(examples, enlarge, every, _ENTRY * len(_lines(examples, plain.size[1])))


def _entries(examples: Examples) -> list[int | None]:
    """Return the classes that the legend names; None stands for pixels to ignore."""
    palette = examples.palette
    found: list[int | None] = list(present(list(examples.masks.values()), len(palette.names)))
    if palette.ignore is not None and (examples.masks["truth"] == palette.ignore).any():
        found.append(None)
    return found


def _said(palette: Palette, label: int | None) -> str:
    if label is None:
        return "not counted"
    mark, name = palette.marks(label), palette.names[label]
    return name if mark is None or mark == name else f"{mark} {name}"


def _wide(said: str) -> float:
    """Return the pixels of an entry of the legend."""
    return 24 + size_of(said, _TEXT)[0] * 160 / 72 + 18


def _lines(examples: Examples, width: int) -> list[list[int | None]]:
    """Return the entries of the legend, line by line."""
    lines: list[list[int | None]] = [[]]
    taken = 2.0 * _EDGE
    for label in _entries(examples):
        wide = _wide(_said(examples.palette, label))
        if lines[-1] and taken + wide > width:
            lines.append([])
            taken = 2.0 * _EDGE
        lines[-1].append(label)
        taken += wide
    return lines


def _draw_row(drawing: _Drawing, row: int) -> None:
    page, examples = drawing.page, drawing.page.examples
    every = slice(None, None, page.every)
    image = examples.images[row, every, every]
    rgb = image.repeat(3, axis=2) if image.shape[2] == 1 else image
    drawing.picture(row, 0, enlarged(rgb, page.enlarge))
    truth = examples.masks["truth"][row]
    for column, name in enumerate(MASKS, start=1):
        mask = examples.masks[name][row]
        small = mask[every, every]
        drawing.picture(row, column, examples.palette.painted(small, page.enlarge))
        _write_marks(drawing, (row, column), small)
        if name != "truth":
            (height, width), (down, right) = page.panel, page.corner(row, column)
            said = f"mean IoU {mean_iou(truth, mask, examples.palette):.1f} %"
            where = down + height + _SAID / 2, right + width / 2
            drawing.text(*where, said, ha="center", fontsize=_TEXT, color=INK)


def _write_marks(drawing: _Drawing, panel: tuple[int, int], mask: Array) -> None:
    """Write on the largest piece of every class which it is, where there is room."""
    page, palette = drawing.page, drawing.page.examples.palette
    down, right = page.corner(*panel)
    for label in present([mask], len(palette.names)):
        said = palette.marks(label)
        # About the half height of a character must be free around its middle.
        at = said and spot(mask, label, max(2, -(-6 // page.enlarge)))
        if said and at:
            here = down + (at[0] + 0.5) * page.enlarge, right + (at[1] + 0.5) * page.enlarge
            colour = ink_on(palette.colour(label))
            drawing.text(*here, said, ha="center", fontsize=_INSIDE, color=colour)


def _draw_legend(drawing: _Drawing) -> None:
    page, palette = drawing.page, drawing.page.examples.palette
    lines = _lines(page.examples, page.size[1])
    for number, line in enumerate(lines):
        down = page.size[0] - _EDGE - page.legend + _ENTRY * number + _ENTRY / 2
        right = float(_EDGE)
        for label in line:
            how: dict[str, Any] = {"facecolor": "#B8B8B8", "hatch": "/////"}
            if label is not None:
                how = {"facecolor": palette.colour(label)}
            drawing.box(down - 7, right, 14, edgecolor=GREY, linewidth=0.6, **how)
            said = _said(palette, label)
            drawing.text(down, right + 20, said, ha="left", fontsize=_TEXT, color=INK)
            right += _wide(said)


def picture(examples: Examples) -> CanonicalFigure:
    """Return the figure of `examples`: a row each, with the mean IoU below what is predicted."""
    drawing = _Drawing(_page(examples))
    width = drawing.page.panel[1]
    for column, title in enumerate(_TITLES):
        right = drawing.page.corner(0, column)[1] + width / 2
        drawing.text(_EDGE + _TITLE / 2, right, title, ha="center", fontsize=9, color=INK)
    for row in range(len(examples.images)):
        _draw_row(drawing, row)
    _draw_legend(drawing)
    return drawing.figure


def draw_segmentation_example(
    inputs: Inputs,
    params: SegmentationExampleParams,  # noqa: ARG001 - the contract of a step
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: draw images with their masks, and those that the original and the final one predict."""
    seeds = inputs.seeds("examples")
    first = seeds[0] if seeds else None
    found = examples_of(inputs.arrays("examples", first), inputs.about("examples", first))
    outputs.figure("figure", picture(found))
