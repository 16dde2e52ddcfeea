"""What the toy project compiles to, byte by byte.

After a wanted change, `HARNESS_UPDATE_GOLDEN=1 pytest tests/compiler` writes the files anew; their
difference in git then shows what it does to every pipeline, such as a new dependency of a stage.
"""

import os
import shutil
from pathlib import Path

import pytest

GOLDEN = Path(__file__).with_name("golden")

# Not under their own names: DVC would take another dvc.yaml in the tree for a pipeline.
FILES = {
    "dvc.yaml": "toy-dvc.yaml",
    "params.yaml": "toy-params.yaml",
    "plan/toy/total.json": "toy-plan-total.json",
    "plan/toy/speed.json": "toy-plan-speed.json",
}


@pytest.fixture
def compiled(sources):
    """Give what the toy project compiles to."""
    sources.compile()
    return sources.compiled()


@pytest.mark.parametrize("name", FILES)
def test_compilation_is_the_golden_one(compiled, name):
    """The toy project compiles to the very bytes that are kept."""
    golden = GOLDEN / FILES[name]
    if os.environ.get("HARNESS_UPDATE_GOLDEN") == "1":
        golden.write_bytes(compiled[name])

    assert compiled[name] == golden.read_bytes()


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "4294967295", "TZ": "Pacific/Kiritimati"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns"},
        {"folder": "specs/papers"},
    ],
    ids=["hash seed", "time zone", "plain locale", "Turkish locale", "subfolder"],
)
def test_surroundings_change_no_byte(sources, compiled, surroundings):
    """Hash seed, locale, time zone and the current folder leave every compiled byte alone."""
    sources.clean()

    sources.compile(**surroundings)

    assert sources.compiled() == compiled


def test_place_of_the_project_changes_no_byte(sources, compiled):
    """A project under another path, with a space and an accent, compiles to the same bytes."""
    moved = type(sources)(sources.root.parent / "a long é name" / "project")
    moved.root.parent.mkdir()
    sources.root.rename(moved.root)
    moved.clean()

    moved.compile()

    assert moved.compiled() == compiled


def test_second_compilation_writes_nothing(sources, compiled):
    """Compiling again touches no file, with the stamp of the first and without it."""
    files = [sources.root / name for name in compiled]
    before = [path.stat().st_ino for path in files]

    stamped = sources.compile()
    shutil.rmtree(sources.root / ".harness")
    unstamped = sources.compile()

    assert stamped == "nothing changed\n"
    assert "wrote" not in unstamped
    assert [path.stat().st_ino for path in files] == before
