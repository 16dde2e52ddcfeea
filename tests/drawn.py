"""Figures drawn by their steps, here and in another process, for the tests of any paper."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run

_PROCESS = """
import sys
sys.path[:0] = {places!r}
from drawn import draw
from {module} import STEPS
for step, paths in {inputs!r}.items():
    draw(STEPS[step], paths, {folder!r} + "/" + step)
"""


def draw(step, paths, folder):
    """Run a drawing step (function, model, parameters) and return the folder of its figure.

    `paths` has for each input a file for each seed, or for None.
    """
    function, model, params = step
    outputs = Outputs({"figure": "figure"}, Path(folder), {"figure": "figure"})
    found = {name: {seed: Path(path) for seed, path in one.items()} for name, one in paths.items()}
    name = function.__name__
    run = Run("paper", name, 0, Checkpoint(None), Progress(name))
    function(Inputs(found), model.model_validate(params), outputs, run)
    outputs.check_complete()
    return Path(folder) / "figure" / "figure"


def digests(folder):
    """Hash the files of a figure."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).iterdir())
    }


def check_two_processes(file, steps, inputs, folder):
    """Fail unless another process, hash seed and time zone give the same bytes of every figure.

    `file` is the test's own, whose `STEPS` the other process draws.
    """
    here = {
        name: digests(draw(step, inputs[name], folder / "here" / name))
        for name, step in steps.items()
    }
    elsewhere = folder / "elsewhere"
    program = _PROCESS.format(
        places=[str(Path(file).parent), str(Path(__file__).parent)],
        module=Path(file).stem,
        inputs=inputs,
        folder=str(elsewhere),
    )
    changed = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "2"}

    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | changed)

    for name, expected in here.items():
        assert set(expected) == {"figure.svg", "figure.png"}
        assert digests(elsewhere / name / "figure" / "figure") == expected


def check_content_and_room(figure):
    """Fail where a picture is empty, or where something is cut off at its edge."""
    pixels = np.asarray(Image.open(figure / "figure.png").convert("L"))

    assert (pixels < 250).mean() > 0.01
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert edge.min() == 255
