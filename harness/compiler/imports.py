"""Which files of the project a step's module imports, directly or not."""

from __future__ import annotations

import ast
import sys
from functools import cached_property
from pathlib import Path

from grimp import ImportGraph, build_graph
from grimp.exceptions import SourceSyntaxError

from harness.compiler import native
from harness.errors import HarnessError

# What every stage's process runs besides its step.
_RUNTIME = ("harness.stage.worker", "harness.stage.variables")
_PACKAGES = ("harness", "reproductions")


class Imports:
    """The import graph of the project's own packages.

    Imports inside functions count; those under ``if TYPE_CHECKING`` do not, since they are never
    executed. So that a stage depends on no more than it uses, an ``__init__`` that holds only a
    docstring is left out. ``x.c`` beside a module ``x.py`` belongs to it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def files(self, module: str) -> tuple[str, ...]:
        """Return the project's files that a stage with its step in `module` executes, sorted."""
        modules = {module, *_RUNTIME}
        for name in (module, *_RUNTIME):
            modules |= self._graph.find_upstream_modules(name)
        modules |= {parent for name in modules for parent in _parents(name)}
        files = {file for name in modules if self._acts(file := self._file(name))}
        files |= {source for file in files for source in native.sources(self._root, file)}
        return tuple(sorted(files))

    @cached_property
    def _graph(self) -> ImportGraph:
        root = str(self._root)
        if sys.path[:1] != [root]:
            sys.path.insert(0, root)
        try:
            return build_graph(*_PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
        except SourceSyntaxError as error:
            raise HarnessError(f"the code is not Python: {error}", "correct it") from error

    def _file(self, module: str) -> str:
        path = module.replace(".", "/")
        package = f"{path}/__init__.py"
        return package if (self._root / package).is_file() else f"{path}.py"

    def _acts(self, file: str) -> bool:
        if not file.endswith("__init__.py"):
            return True
        body = ast.parse((self._root / file).read_bytes()).body
        return any(not isinstance(node, ast.Expr) for node in body)


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]
