"""DVC with libyaml: what it reads and writes is what DVC's own library does."""

import io
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
from dvc.utils.serialize import _yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness import quick_dvc

LOCK = Path(__file__).parents[2] / "dvc.lock"
SLOW_READ, SLOW_WRITE = _yaml.parse_yaml, _yaml._dump
read, write = quick_dvc.reading(SLOW_READ), quick_dvc.writing(SLOW_WRITE)
quick_dvc._prepare()

# Also what a library could take for a number, a date, a truth value or nothing.
WORDS = st.one_of(
    st.from_regex(r"[0-9a-f]{8,32}", fullmatch=True),
    st.from_regex(r"[0-9]{1,6}e[0-9]{1,6}", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.sampled_from(
        ["yes", "no", "on", "true", "null", "~", "0x1f", "0o17", "017", "1_0", ".5", "="]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=80),
)
FILES = st.fixed_dictionaries({"path": WORDS, "md5": WORDS, "size": st.integers(0, 10**12)})
STAGES = st.dictionaries(
    WORDS,
    st.fixed_dictionaries({"cmd": WORDS, "deps": st.lists(FILES, min_size=1, max_size=3)}),
    min_size=1,
    max_size=3,
)


def by_dvc(data):
    """Return what DVC writes of `data`."""
    stream = io.StringIO()
    SLOW_WRITE(data, stream)
    return stream.getvalue()


def quickly(text):
    """Return what the fast writer makes of what the fast parser reads."""
    stream = io.StringIO()
    lock = read(text, "dvc.lock", "rt")
    # A stage that has just run is an ordered dictionary.
    name, stage = lock["stages"].popitem()
    lock["stages"][name] = OrderedDict(stage)
    write(lock, stream)
    return stream.getvalue()


def test_committed_lock():
    """The project's own lock is read and written without a byte of difference."""
    text = LOCK.read_text()

    assert read(text, str(LOCK)) == YAML(typ="safe").load(text)
    assert quickly(text) == text


@given(STAGES)
def test_any_lock(stages):
    """Whatever words a lock holds, the fast library reads and writes it as DVC does."""
    text = by_dvc({"schema": "2.0", "stages": stages})

    assert read(text, "dvc.lock") == SLOW_READ(text, "dvc.lock")
    assert quickly(text) == by_dvc(_yaml.parse_yaml_for_update(text, "dvc.lock"))


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [\n", "a: 1\n b: 2\n"])
def test_what_is_wrong_is_said_by_dvc(text):
    """A key that is there twice and broken syntax are refused, with DVC's own message."""
    with pytest.raises(_yaml.YAMLFileCorruptedError) as expected:
        SLOW_READ(text, "dvc.yaml")
    with pytest.raises(_yaml.YAMLFileCorruptedError) as found:
        read(text, "dvc.yaml")

    assert str(found.value) == str(expected.value)
    assert str(found.value.__cause__) == str(expected.value.__cause__)


def test_other_files_are_left_to_dvc():
    """A file that people write keeps its comments."""
    assert read("a: 1 # one\n", "other.dvc", "rt").ca.items


def test_the_command_line_is_that_of_dvc():
    """It takes DVC's arguments and returns its exit status."""
    command = [sys.executable, "-m", "harness.quick_dvc"]
    found = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    failed = subprocess.run([*command, "nothing"], capture_output=True, check=False)

    assert found.stdout.strip() == __import__("dvc").__version__
    assert failed.returncode
