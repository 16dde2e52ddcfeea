"""The rules between the rooms of the project."""

import subprocess
import sys
from pathlib import Path

import pytest
from grimp import build_graph

ROOT = Path(__file__).parents[2]
FRAMEWORKS = {"torch", "tensorflow", "mxnet", "tvm", "keras"}


@pytest.fixture(scope="module")
def graph():
    """Give the import graph of the project with what it imports from outside."""
    return build_graph(
        "harness", "reproductions", include_external_packages=True, cache_dir=None
    )  # fmt: skip


def imported(graph, package):
    """Return the top names that the modules of a package import."""
    modules = {package, *graph.find_descendants(package)}
    return {
        target
        for module in modules
        for target in graph.find_modules_directly_imported_by(module)
    }  # fmt: skip


def test_harness_knows_no_paper_and_no_framework(graph):
    """The harness imports neither a reproduction nor a framework."""
    tops = {name.partition(".")[0] for name in imported(graph, "harness")}

    assert not tops & (FRAMEWORKS | {"reproductions"})


def test_no_reproduction_imports_another(graph):
    """A paper's package, or one that papers share, imports no other paper's package."""
    packages = graph.find_children("reproductions")
    papers = {package for package in packages if f"{package}.steps" in graph.modules}
    assert {"reproductions.nonn"} <= papers < packages
    for package in packages:
        others = papers - {package}
        found = {name for name in imported(graph, package) if any(
            name == other or name.startswith(f"{other}.") for other in others)}  # fmt: skip

        assert not found


def test_help_loads_nothing_heavy():
    """`harness --help` imports no framework, no DVC, no matplotlib, no Hydra, no pydantic."""
    code = (
        "import sys\nfrom harness.cli.main import main\n"
        "try:\n main(['--help'])\nexcept SystemExit:\n pass\n"
        "print(' '.join(name for name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    tops = {name.partition(".")[0] for name in done.stderr.split()}

    heavy = FRAMEWORKS | {"dvc", "matplotlib", "hydra", "pydantic", "numpy", "yaml", "pint"}
    assert not tops & heavy


def test_no_module_is_long():
    """No module grows beyond 450 lines: one file, one idea."""
    sizes = {
        path.relative_to(ROOT): len(path.read_text().splitlines())
        for room in ("harness", "reproductions")
        for path in (ROOT / room).rglob("*.py")
    }

    assert {path: size for path, size in sizes.items() if size > 450} == {}
