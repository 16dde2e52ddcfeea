"""A dataset of the specs as a folder of arrays, made by a process that has what that needs.

As a program, in the project's folder: `python -m reproductions.materialise NAME FOLDER SHARE SIZE`,
where SHARE and SIZE may be empty.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from harness.errors import HarnessError
from harness.reason import reason

if TYPE_CHECKING:
    from harness.data.params import DatasetParams

ROOT = Path(__file__).parents[1]
"""The project, whose specs describe the datasets."""

_NEEDED = ("sklearn", "pooch")  # the embedded images, and fetching


def materialise(
    name: str,
    folder: Path,
    field: str,
    *,
    share: float | None = None,
    size: tuple[int, int] | None = None,
) -> None:
    """Write the dataset `name` of the specs into `folder`, which must not be there or be empty.

    Parameters
    ----------
    field
        Of the user's configuration, which named the folder.
    share
        The share of the training images that is kept for validation; None for the spec's.
    size
        Height and width to which images with masks are made smaller; None for their own.

    Raises
    ------
    HarnessError
        It could not be made; the reason has been printed.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise HarnessError(
            f"{field}: {folder} holds other files and no manifest.json",
            "name a folder that does not exist yet, or one with a dataset in it",
        )
    python = Path(sys.executable)
    if not all(map(find_spec, _NEEDED)):
        python = _harness()
    asked = ("" if share is None else repr(share), "x".join(map(str, size or ())))
    done = subprocess.run(
        [str(python), "-m", "reproductions.materialise", name, str(folder.absolute()), *asked],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    if done.returncode:
        raise HarnessError(
            f"{field}: the dataset '{name}' could not be made in {folder}; the reason stands above",
            f"or take its files from this machine: harness data adopt {name} FOLDER",
        )


def _harness() -> Path:
    from harness.environment import Environments
    from harness.spec.files import SpecFiles

    planned = SpecFiles.read(ROOT / "specs").environments()["harness"].planned()
    return Environments(ROOT).python(planned)


def write(name: str, folder: Path, share: str, size: str) -> None:
    """Write the dataset in this process, into a folder beside its place first."""
    from harness.data import step
    from harness.stage.checkpoint import Checkpoint
    from harness.stage.inputs import Inputs
    from harness.stage.outputs import Outputs
    from harness.stage.progress import Progress
    from harness.stage.run import Run

    staging = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(staging, ignore_errors=True)
    outputs = Outputs({"images": "arrays"}, staging, {"images": "arrays"})
    run = Run("reproductions", "images", 0, Checkpoint(None), Progress(name))
    try:
        step.materialise(Inputs({}), _params(name, share, size), outputs, run)
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / "images" / "arrays", folder)
    except ValidationError as error:
        raise HarnessError(f"size {size}: {reason(error.errors()[0])}") from error
    except OSError as error:
        raise HarnessError(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _params(name: str, share: str, size: str) -> DatasetParams:
    from harness.data import catalogue
    from harness.data.params import DatasetParams, Size
    from harness.project import Project

    spec = catalogue.find(Project(ROOT), name)
    if share and spec.split.validation != float(share):
        # The digests in the spec are those of the spec's own split.
        split = spec.split.model_copy(update={"validation": float(share)})
        spec = spec.model_copy(update={"split": split, "arrays": {}})
    height, _, width = size.partition("x")
    resize = Size(height=int(height), width=int(width)) if size else None
    return DatasetParams(dataset=name, limit=None, resize=resize, spec=spec)


def main(name: str, folder: str, share: str, size: str) -> int:
    """Write a dataset and return the process's exit status."""
    try:
        write(name, Path(folder), share, size)
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
