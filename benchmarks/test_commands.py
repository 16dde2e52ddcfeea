"""How fast the commands answer that a user runs all the time."""

import os

from stopwatch import in_turns, python


def state_of(root):
    """Return inode, size and time of change of everything in a project but Python's bytecode."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            status = os.lstat(path)
            found[path] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def test_help_takes_eight_times_a_bare_python(benchmark, project):
    """`harness --help` takes at most 8 times what `python -c pass` takes."""
    least = in_turns(
        benchmark, 20,
        help=python(project, "-m", "harness", "--help"),
        bare=python(project, "-c", "pass"),
    )  # fmt: skip
    ratios = {
        "cpu": least["help"].cpu / least["bare"].cpu,
        "wall": least["help"].wall / least["bare"].wall,
    }
    benchmark.extra_info["help_over_bare"] = {name: round(r, 2) for name, r in ratios.items()}

    assert max(ratios.values()) <= 8


def test_validating_takes_half_a_second(benchmark, project):
    """`harness validate` checks all specs in 0.5 s of CPU at most."""
    least = in_turns(benchmark, 10, validate=python(project, "-m", "harness", "validate"))

    assert least["validate"].cpu <= 0.5


def test_compiling_without_a_change_writes_nothing(benchmark, project):
    """`harness compile` with nothing to do takes 0.4 s of CPU at most and writes no file."""
    compile_again = python(project, "-m", "harness", "compile")
    compile_again()  # leaves Python's bytecode behind, which is not a write of ours
    before = state_of(project)

    least = in_turns(benchmark, 10, compile=compile_again)

    assert state_of(project) == before
    assert least["compile"].cpu <= 0.4
