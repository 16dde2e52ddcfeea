"""Which files a stage depends on, read off the import graph."""

import json

import pytest

FILES = {
    "__init__.py": '"""Only a docstring."""\n',
    "step.py": """\
from typing import TYPE_CHECKING

from reproductions.probe.direct import one
from reproductions.probe.acting.inner import two

if TYPE_CHECKING:
    from reproductions.probe.typed import Three


def step(inputs, params, outputs, run):
    from reproductions.probe import lazy

    return lazy, one, two
""",
    "direct.py": "from reproductions.probe.deep import one\n",
    "deep.py": "one = 1\n",
    "lazy.py": "three = 3\n",
    "typed.py": "class Three: ...\n",
    "unrelated.py": "four = 4\n",
    "acting/__init__.py": "zero = 0\n",
    "acting/inner.py": "two = 2\n",
    "deep.c": """\
#include <stdint.h>
#include "deep.h"
  # include "acting/sums.h"
#include "../../../outside.h"
#include "nowhere.h"
/* #include "unrelated.h" */
""",
    "deep.h": '#include "acting/sums.h"\n',
    "acting/sums.h": '#include "../deep.h"\n',
    "unrelated.c": "int four;\n",
    "unrelated.h": "int five;\n",
    "typed.c": "int three;\n",
}

SCRIPT = """\
import json
from pathlib import Path
from harness.compiler.imports import Imports
print(json.dumps(Imports(Path.cwd()).files("reproductions.probe.step")))
"""

OUTDATED = """\
from pathlib import Path
from harness.compiler.stamp import outdated
from harness.compiler.target import Target
from harness.project import Project
print(outdated(Target(Project(Path.cwd()))))
"""


@pytest.fixture(scope="module")
def files(shared_sources):
    """Give the files of a stage with its step in reproductions.probe.step."""
    package = shared_sources.root / "reproductions" / "probe"
    for name, content in FILES.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(content)
    return json.loads(shared_sources.python("-c", SCRIPT))


def test_stage_depends_on_what_its_step_imports(files):
    """A step's module counts, and what it imports: directly, through others, inside functions."""
    own = {name.removeprefix("reproductions/probe/") for name in files if "/probe/" in name}

    assert {name for name in own if name.endswith(".py")} == {
        "step.py", "direct.py", "deep.py", "lazy.py", "acting/inner.py", "acting/__init__.py"
    }  # fmt: skip


def test_c_source_beside_a_module_belongs_to_it(files):
    """The C source of an imported module counts, with what it includes of the project; no other."""
    own = {name.removeprefix("reproductions/probe/") for name in files if "/probe/" in name}

    assert {name for name in own if not name.endswith(".py")} == {
        "deep.c", "deep.h", "acting/sums.h"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["deep.c", "acting/sums.h"])
def test_changed_c_source_outdates_a_compilation(name, sources):
    """An edit of a C source or header is recognised as an edit of the code."""
    place = sources.root / "reproductions" / "toy" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text("int one;\n")
    sources.compile()
    assert sources.python("-c", OUTDATED).strip() == "False"

    place.write_text("int two;\n")

    assert sources.python("-c", OUTDATED).strip() == "True"


@pytest.mark.parametrize("name", ["typed.py", "unrelated.py", "__init__.py"])
def test_stage_does_not_depend_on_what_never_runs(files, name):
    """What only a type checker imports, what nobody imports and bare docstrings do not count."""
    assert f"reproductions/probe/{name}" not in files


def test_stage_depends_on_the_runtime_and_on_no_more_of_the_harness(files):
    """The worker counts, but neither the command line nor the compiler nor the launcher."""
    assert {"harness/stage/worker.py", "harness/stage/variables.py", "harness/steps.py"} <= {*files}
    assert not [name for name in files if name.startswith(("harness/cli/", "harness/compiler/"))]
    assert "harness/stage/launch.py" not in files


def test_files_are_sorted_and_listed_once(files):
    """The order of a stage's files is that of their names, whatever the graph's own order."""
    assert files == sorted(set(files))
