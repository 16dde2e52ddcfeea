"""Reading dvc.lock."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.stage.lock import read_lock

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True)
ENTRIES = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}(/[a-z0-9_.-]{1,8}){0,3}[a-z]", fullmatch=True),
    st.from_regex(r"[0-9a-f]{32}(\.dir)?", fullmatch=True),
    max_size=4,
)


def lock_text(stages):
    """Return dvc.lock as DVC writes it."""
    entry = lambda path, md5: {"path": path, "hash": "md5", "md5": md5, "size": 1}  # noqa: E731
    content = {
        name: {
            "cmd": f"run {name}",
            **({"deps": [entry(*item) for item in deps.items()]} if deps else {}),
            **({"outs": [entry(*item) for item in outs.items()]} if outs else {}),
        }
        for name, (deps, outs) in stages.items()
    }
    return yaml.safe_dump({"schema": "2.0", "stages": content}, sort_keys=False)


@given(st.dictionaries(NAMES, st.tuples(ENTRIES, ENTRIES), min_size=1, max_size=4))
def test_reads_what_dvc_writes(tmp_path_factory, stages):
    """Every stage, dependency and output of a lock comes back with its MD5."""
    path = tmp_path_factory.mktemp("lock") / "dvc.lock"
    path.write_text(lock_text(stages))

    found = read_lock(path)

    assert {name: (dict(s.deps), dict(s.outs)) for name, s in found.items()} == stages


def test_no_lock_means_no_stage(tmp_path):
    """A project that never ran has no locked stage."""
    assert read_lock(tmp_path / "dvc.lock") == {}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_truncated_lock_is_refused_with_the_way_back(tmp_path, share):
    """A lock that ends in the middle of a line is refused, and the message says what to do."""
    text = lock_text({"make": ({"a/b": "0" * 32}, {"c/d": "1" * 32})})
    path = tmp_path / "dvc.lock"
    path.write_text(text[: int(len(text) * share)])

    with pytest.raises(HarnessError, match="truncated") as caught:
        read_lock(path)

    assert "git checkout" in caught.value.remedy


def test_lock_truncated_between_lines_is_refused(tmp_path):
    """An entry without its last line is refused."""
    lines = lock_text({"make": ({}, {"c/d": "1" * 32})}).splitlines(keepends=True)
    path = tmp_path / "dvc.lock"
    path.write_text("".join(lines[:-1]))

    with pytest.raises(HarnessError, match="truncated or damaged"):
        read_lock(path)


def test_conflict_markers_are_named_with_their_line(tmp_path):
    """A lock with the markers of a merge conflict is refused with the line of the first."""
    path = tmp_path / "dvc.lock"
    path.write_text("schema: '2.0'\nstages:\n<<<<<<< HEAD\n=======\n>>>>>>> other\n")

    with pytest.raises(HarnessError, match=r"dvc\.lock:3: the marker of a merge conflict"):
        read_lock(path)
