"""Figures as SVG and PNG with bytes that do not depend on time, host, fonts or process."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from harness.formats.atomic import write_bytes

DPI = 160
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "svg.hashsalt": "harness",
    "svg.fonttype": "path",
    "path.simplify": False,
}
_METADATA: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "png": {"Software": None}}


class CanonicalFigure(Figure):
    """A matplotlib figure that writes itself canonically."""

    def write(self, folder: Path) -> None:
        """Write ``<name>.svg`` and ``<name>.png`` into `folder`, where <name> is the folder's."""
        for extension, metadata in _METADATA.items():
            buffer = io.BytesIO()
            self.savefig(buffer, format=extension, metadata=metadata)
            write_bytes(folder / f"{folder.name}.{extension}", buffer.getvalue())


def new(width: float, height: float) -> CanonicalFigure:
    """Return an empty figure of `width` by `height` inches in the harness's style."""
    mpl.use("agg")
    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)
    _use_bundled_fonts_only()
    return CanonicalFigure(figsize=(width, height), dpi=DPI, layout="constrained")


def _use_bundled_fonts_only() -> None:
    # A DejaVu of the machine may be another version and draw other bytes than the bundled one.
    bundled = mpl.get_data_path()
    manager = font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if font.fname.startswith(bundled)]
