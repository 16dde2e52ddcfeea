"""What a step writes: into a staging folder first, in place only when the step has ended well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.errors import HarnessError
from harness.formats import arrays, jsonfile, rows
from harness.formats.arrays import Array
from harness.formats.atomic import write_text
from harness.formats.rows import Value
from harness.steps import Kind


class Drawing(Protocol):
    """A figure that can write itself; `harness.formats.figure` makes them.

    A protocol, and not an import: a stage that draws nothing must not become stale when the
    style of figures changes.
    """

    def write(self, folder: Path) -> None:
        """Write the picture's files into `folder`."""


@dataclass(frozen=True)
class Outputs:
    """The outputs of one run of a step, by name.

    Parameters
    ----------
    kinds
        What the step declares to write.
    staging
        The folder that they are written to; the launcher moves them into place.
    names
        The file or folder name that each will have there.
    """

    kinds: Mapping[str, Kind]
    staging: Path
    names: Mapping[str, str]

    def arrays(
        self, name: str, values: Mapping[str, Array], about: Mapping[str, Any] | None = None
    ) -> None:
        """Write named arrays; `about` tells where they come from."""
        arrays.write_folder(self._staged(name, "arrays"), values, about or {})

    def weights(self, name: str, tensors: Mapping[str, Array]) -> None:
        """Write named tensors."""
        arrays.write_weights(self._staged(name, "weights"), tensors)

    def rows(self, name: str, values: Sequence[Mapping[str, Value]]) -> None:
        """Write the rows of a table; all have the columns of the first."""
        rows.write(self._staged(name, "rows"), values)

    def record(self, name: str, value: Any) -> None:
        """Write a JSON value."""
        jsonfile.write(self._staged(name, "record", "measurement"), value)

    def figure(self, name: str, drawing: Drawing) -> None:
        """Write a figure of `harness.formats.figure` as SVG and PNG."""
        drawing.write(self._staged(name, "figure"))

    def text(self, name: str, content: str) -> None:
        """Write a text in UTF-8."""
        write_text(self._staged(name, "text"), content)

    def folder(self, name: str) -> Path:
        """Return a folder to write files into; for steps of the harness itself."""
        folder = self._staged(name, "folder")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def check_complete(self) -> None:
        """Raise HarnessError when the step left one of its outputs unwritten."""
        missing = [name for name in self.names if not (self.staging / self._key(name)).exists()]
        if missing:
            raise HarnessError(f"the step ended without writing {', '.join(sorted(missing))}")

    def _key(self, name: str) -> str:
        # Two outputs may bear the same file name in different folders: one folder an output.
        return f"{name}/{self.names[name]}"

    def _staged(self, name: str, *kinds: Kind) -> Path:
        if self.kinds.get(name) not in kinds:
            declared = dict(self.kinds)
            raise HarnessError(f"'{name}' is not a declared output of kind {kinds}: {declared}")
        return self.staging / self._key(name)
