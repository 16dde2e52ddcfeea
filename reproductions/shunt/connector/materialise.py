"""A dataset of the specs as a folder of arrays, made by a process that has what that needs.

As a program: `python -m reproductions.shunt.connector.materialise NAME FOLDER [HEIGHT WIDTH]`, in
the project's folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from harness.errors import HarnessError

ROOT = Path(__file__).parents[3]
"""The project, whose specs describe the datasets."""

_NEEDED = ("sklearn", "pooch")  # the embedded images, and fetching


def materialise(name: str, folder: Path, size: tuple[int, int] | None = None) -> None:
    """Write the dataset `name` of the specs into `folder`, which must not be there or be empty.

    Parameters
    ----------
    size
        Height and width to which images with masks are made smaller; None for their own.

    Raises
    ------
    HarnessError
        It could not be made; the reason has been printed.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise HarnessError(
            f"DATASET.path: {folder} holds other files and no manifest.json",
            "name a folder that does not exist yet, or one with a dataset in it",
        )
    python = Path(sys.executable)
    if not all(map(find_spec, _NEEDED)):
        python = _harness()
    program = [str(python), "-m", f"{__package__}.materialise"]
    done = subprocess.run(
        [*program, name, str(folder.absolute()), *map(str, size or ())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    if done.returncode:
        raise HarnessError(
            f"DATASET.path: the dataset '{name}' could not be made in {folder}; the reason stands "
            "above",
            f"or take its files from this machine: harness data adopt {name} FOLDER",
        )


def _harness() -> Path:
    from harness.environment import Environments
    from harness.spec.files import SpecFiles

    planned = SpecFiles.read(ROOT / "specs").environments()["harness"].planned()
    return Environments(ROOT).python(planned)


def write(name: str, folder: Path, size: tuple[int, ...] = ()) -> None:
    """Write the dataset in this process, into a folder beside its place first."""
    from harness.data import catalogue, step
    from harness.data.params import DatasetParams, Size
    from harness.project import Project
    from harness.stage.checkpoint import Checkpoint
    from harness.stage.inputs import Inputs
    from harness.stage.outputs import Outputs
    from harness.stage.progress import Progress
    from harness.stage.run import Run

    spec = catalogue.find(Project(ROOT), name)
    staging = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(staging, ignore_errors=True)
    outputs = Outputs({"images": "arrays"}, staging, {"images": "arrays"})
    run = Run("shunt", "images", 0, Checkpoint(None), Progress(name))
    resize = Size(height=size[0], width=size[1]) if size else None
    try:
        params = DatasetParams(dataset=name, limit=None, resize=resize, spec=spec)
        step.materialise(Inputs({}), params, outputs, run)
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / "images" / "arrays", folder)
    except ValidationError as error:
        raise HarnessError(f"DATASET.input_size: {error.errors()[0]['msg']}") from error
    except OSError as error:
        raise HarnessError(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def main(name: str, folder: str, *size: str) -> int:
    """Write a dataset and return the process's exit status."""
    try:
        write(name, Path(folder), tuple(map(int, size)))
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
