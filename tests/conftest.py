"""The small project that many tests run, and the ledger of faults."""

import os
import shutil
import signal

import ledger
import pytest
from toy_project import Toy, lay_out

# A shell starts what it puts in the background with SIGINT ignored, and what a test starts would
# inherit that: no interrupt would reach it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A hook of git names its repository to all that it runs; tests have repositories of their own.
for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
    os.environ.pop(variable, None)


def pytest_make_parametrize_id(val):
    """Name a test by the number of its bytes, not by the bytes: no name may hold a time."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Give the project after its first reproduction, everything committed; not to be changed."""
    toy = lay_out(tmp_path_factory.mktemp("finished") / "project")
    toy.harness("compile", check=0)
    toy.commit()
    toy.harness("repro", check=0)
    toy.commit()
    return toy


@pytest.fixture
def toy(finished, tmp_path):
    """Give a copy of the finished project."""
    shutil.copytree(finished.root, tmp_path / "project", symlinks=True)
    (tmp_path / "home").mkdir()
    return Toy(tmp_path / "project")


def pytest_collection_modifyitems(items):
    """Put the suites of the frameworks first.

    Each takes minutes and is one worker's work, so that no other waits for it at the end.
    """
    items.sort(key=lambda item: not item.path.name.endswith("_suite.py"))


def pytest_sessionstart(session):
    """Begin a new ledger of faults, once a run."""
    if keeps_ledger(session.config):
        ledger.begin()


def pytest_sessionfinish(session):
    """Write the ledger's table when every process of the run has ended."""
    if keeps_ledger(session.config):
        ledger.finish()


def keeps_ledger(config):
    """Whether this process runs the tests: not a worker of it, nor one that only collects them.

    The latter may go on within a run, whose lines it would take away.
    """
    return not hasattr(config, "workerinput") and not config.option.collectonly
