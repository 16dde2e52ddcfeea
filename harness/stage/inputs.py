"""What a step reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.formats import arrays, jsonfile, rows
from harness.formats.arrays import Array
from harness.formats.rows import Row

Seed = int | None


@dataclass(frozen=True)
class Inputs:
    """The inputs of one run of a step, by name.

    Each input is one path, or one path a seed when its stage ran per seed. A step that itself
    runs per seed sees only the path of its own seed.
    """

    paths: Mapping[str, Mapping[Seed, Path]]

    def __contains__(self, name: str) -> bool:
        return name in self.paths

    def names(self) -> list[str]:
        """The names of the inputs that the spec gives, sorted."""
        return sorted(self.paths)

    def seeds(self, name: str) -> list[int]:
        """The seeds for which the input exists; empty when it was not made per seed."""
        return sorted(seed for seed in self._of(name) if seed is not None)

    def path(self, name: str, seed: Seed = None) -> Path:
        """The file or folder of an input; `seed` chooses where there are several."""
        paths = self._of(name)
        if seed is None and len(paths) == 1:
            return next(iter(paths.values()))
        if seed not in paths:
            raise HarnessError(f"input '{name}' exists for seeds {self.seeds(name)}, not {seed}")
        return paths[seed]

    def arrays(self, name: str, seed: Seed = None) -> dict[str, Array]:
        """The arrays of an input of kind `arrays`, read-only."""
        return arrays.read_folder(self.path(name, seed))

    def about(self, name: str, seed: Seed = None) -> dict[str, Any]:
        """What the manifest of an input of kind `arrays` says about them."""
        return arrays.about(self.path(name, seed))

    def weights(self, name: str, seed: Seed = None) -> dict[str, Array]:
        """The tensors of an input of kind `weights`."""
        return arrays.read_weights(self.path(name, seed))

    def record(self, name: str, seed: Seed = None) -> Any:
        """The value of an input of kind `record` or `measurement`."""
        return jsonfile.read(self.path(name, seed))

    def rows(self, name: str) -> list[Row]:
        """All rows of an input of kind `rows`; those of several seeds get a column `seed`."""
        found: list[Row] = []
        for seed, path in sorted(self._of(name).items(), key=lambda item: item[0] or 0):
            for row in rows.read(path):
                found.append(row if seed is None else {"seed": seed, **row})
        return found

    def _of(self, name: str) -> Mapping[Seed, Path]:
        try:
            return self.paths[name]
        except KeyError:
            raise HarnessError(f"the stage has no input '{name}'; it has {self.names()}") from None
