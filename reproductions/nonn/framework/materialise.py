"""A dataset as a folder of arrays, in a process that has what the harness needs for it.

As a program: `python -m reproductions.nonn.framework.materialise NAME FOLDER SHARE`, in the
project's folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from harness.errors import HarnessError

ROOT = Path(__file__).parents[3]
"""The project, whose specs describe the datasets."""

_NEEDED = ("sklearn", "pooch")  # the embedded images, and fetching


def materialise(name: str, folder: Path, share: float) -> None:
    """Write the dataset `name` of the specs into `folder`.

    Parameters
    ----------
    share
        The share of the training images that is kept for validation.

    Raises
    ------
    HarnessError
        It could not be made; the reason has been printed.
    """
    python = Path(sys.executable)
    if not all(map(find_spec, _NEEDED)):
        python = _harness()
    command = [str(python), "-m", f"{__package__}.materialise", name, str(folder.absolute())]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, repr(share)], cwd=ROOT, env=variables, check=False)
    if done.returncode:
        raise HarnessError(
            f"dataset_configs.dataset_root: the dataset '{name}' could not be made in {folder}; "
            "the reason stands above",
            f"or take its files from this machine: harness data adopt {name} FOLDER",
        )


def _harness() -> Path:
    from harness.environment import Environments
    from harness.spec.files import SpecFiles

    planned = SpecFiles.read(ROOT / "specs").environments()["harness"].planned()
    return Environments(ROOT).python(planned)


def write(name: str, folder: Path, share: float) -> None:
    """Write the dataset in this process, into a folder beside its place first."""
    from harness.data import catalogue, step
    from harness.data.params import DatasetParams
    from harness.project import Project
    from harness.stage.checkpoint import Checkpoint
    from harness.stage.inputs import Inputs
    from harness.stage.outputs import Outputs
    from harness.stage.progress import Progress
    from harness.stage.run import Run

    spec = catalogue.find(Project(ROOT), name)
    if spec.split.validation != share:
        # The digests in the spec are those of the spec's own split.
        split = spec.split.model_copy(update={"validation": share})
        spec = spec.model_copy(update={"split": split, "arrays": {}})
    staging = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(staging, ignore_errors=True)
    outputs = Outputs({"images": "arrays"}, staging, {"images": "arrays"})
    run = Run("nonn", "images", 0, Checkpoint(None), Progress(name))
    try:
        step.materialise(
            Inputs({}),
            DatasetParams(dataset=name, limit=None, resize=None, spec=spec),
            outputs,
            run,
        )
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / "images" / "arrays", folder)
    except OSError as error:
        raise HarnessError(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def main(name: str, folder: str, share: str) -> int:
    """Write a dataset and return the process's exit status."""
    try:
        write(name, Path(folder), float(share))
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
