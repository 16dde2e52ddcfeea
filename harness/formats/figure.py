"""A matplotlib figure as SVG and PNG with bytes that do not depend on time, host or process."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.formats.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 160
# Fonts ship inside matplotlib; a font of the machine would change the bytes.
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "svg.hashsalt": "harness",
    "svg.fonttype": "path",
    "path.simplify": False,
}


def new(width: float, height: float) -> Figure:
    """Return an empty figure of `width` by `height` inches in the harness's style."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(STYLE)
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def write(folder: Path, figure: Figure) -> None:
    """Write `figure` into `folder`, as an SVG and a PNG that bear the folder's name."""
    for extension, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=extension, metadata=metadata)
        write_bytes(folder / f"{folder.name}.{extension}", buffer.getvalue())
