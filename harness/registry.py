"""The closed registry: every step that a spec may name, and no other code.

A spec names a step, never a module. The steps of a paper are those that the module
`reproductions.<package>.steps` lists, for packages that lie in the project's own folder.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.errors import HarnessError
from harness.stage.planned import RUN
from harness.steps import Step

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_OWN = "harness"


def registry(root: Path) -> Mapping[str, Step]:
    """Return every step of a project by the name that specs use, such as `nonn.train_teacher`.

    Parameters
    ----------
    root
        The project's folder; its packages under `reproductions/` are listed, and of each only
        the module `steps` is imported.

    Raises
    ------
    HarnessError
        A package's steps cannot be imported, or are not steps.
    """
    found = _steps(_OWN, importlib.import_module("harness.builtin"))
    for package in packages(root):
        module = _import(root, package)
        found |= _steps(package, module)
    return found


def packages(root: Path) -> list[str]:
    """Return the packages of a project that have steps, sorted."""
    listed = (root / "reproductions").glob("*/steps.py")
    return sorted(path.parent.name for path in listed if _NAME.fullmatch(path.parent.name))


def _import(root: Path, package: str) -> ModuleType:
    name, file = f"reproductions.{package}.steps", root / "reproductions" / package / "steps.py"
    if package == _OWN:
        raise HarnessError(f"{file}: the name 'harness' is taken", "rename the package")
    try:
        module = importlib.import_module(name)
    except Exception as error:  # whatever the module's own code raises is a fault of that file
        said = f"{type(error).__name__}: {error}"
        raise HarnessError(f"{file}: the steps cannot be imported: {said}", "correct it") from error
    if not module.__file__ or not file.samefile(module.__file__):
        raise HarnessError(
            f"{file}: Python imports {name} from {module.__file__} instead",
            "run the command in the project's folder, with `python -m harness`",
        )
    return module


def _steps(package: str, module: ModuleType) -> dict[str, Step]:
    listed: Any = getattr(module, "STEPS", None)
    if not isinstance(listed, Mapping):
        raise HarnessError(f"{module.__file__}: it has no mapping STEPS", "list the steps in it")
    for name, step in listed.items():
        fault = _fault(name, step)
        if fault:
            raise HarnessError(f"{module.__file__}: STEPS[{name!r}]: {fault}", "correct the entry")
    return {f"{package}.{name}": step for name, step in listed.items()}


def _fault(name: object, step: object) -> str | None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "the name is not made of lower-case letters, digits and '_'"
    if not isinstance(step, Step):
        return "it is not a harness.steps.Step"
    if not re.fullmatch(RUN, step.run):
        return f"run={step.run!r} is not 'module:function' of harness or reproductions"
    return None
