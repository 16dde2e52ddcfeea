"""Windows, shunts and systems as a spec writes them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from reproductions.shunt.params.shunt import Placed, Shunt, System
from reproductions.shunt.params.window import Window, check_disjoint, windows_of

ORDINALS = st.integers(0, 9999)


@st.composite
def windows(draw):
    """Any window."""
    first, last = sorted((draw(ORDINALS), draw(ORDINALS)))
    return Window(first=first, last=last)


@given(windows())
def test_a_window_reads_as_it_writes(window):
    """Text, its two numbers and JSON all give the same window."""
    assert Window.parse(str(window)) == window
    assert Window.model_validate(str(window)) == window
    assert Window.model_validate_json(window.model_dump_json()) == window


def test_one_block_is_a_window():
    """A single number is the window of that block."""
    assert Window.parse("5") == Window(first=5, last=5)
    assert list(Window.parse("7-9").blocks) == [7, 8, 9]


@pytest.mark.parametrize("text", ["", "7-", "-12", "7-12-14", "a-b", "12-7", "7:12", "1.5"])
def test_what_is_no_window_is_refused(text):
    """Text that writes no window, or one that ends before it begins, is refused."""
    with pytest.raises(ValidationError):
        Window.model_validate(text)


@given(windows(), windows())
def test_overlap(first, second):
    """Two windows overlap when a block is in both, whichever is asked."""
    shared = set(first.blocks) & set(second.blocks)

    assert first.overlaps(second) == bool(shared)
    assert second.overlaps(first) == bool(shared)


@given(st.integers(1, 17))
def test_every_window_of_a_network(blocks):
    """N blocks have N (N + 1) / 2 windows, each once; 17 have 153."""
    found = windows_of(blocks)

    assert len(set(found)) == len(found) == blocks * (blocks + 1) // 2
    assert max(window.last for window in found) == blocks - 1


def test_disjoint_windows_are_ordered():
    """Disjoint windows come back from the first to the last."""
    later, earlier = Window.parse("14-15"), Window.parse("7-12")

    assert check_disjoint([later, earlier]) == (earlier, later)


def test_windows_that_share_a_block_are_refused():
    """Two windows with a common block are refused, and the block is named."""
    with pytest.raises(HarnessError, match="7-12 and 12-15 share block 12"):
        check_disjoint([Window.parse("12-15"), Window.parse("7-12")])


def test_a_system_of_a_spec():
    """A spec writes windows as text and leaves out what is the default."""
    text = '{"name": "two", "windows": [{"window": "7-12"}, {"window": "14-15", "shunt": %s}]}'
    given_ = System.model_validate_json(text % '{"architecture": 4, "width": "window"}')

    assert given_ == System(
        name="two",
        windows=(
            Placed(window=Window.parse("7-12"), shunt=Shunt(architecture=1, width="published")),
            Placed(window=Window.parse("14-15"), shunt=Shunt(architecture=4, width="window")),
        ),
    )
    assert [str(one.shunt) for one in given_.windows] == ["1", "4w"]


@pytest.mark.parametrize(("first", "second"), [("7-12", "12-15"), ("14-15", "7-12")])
def test_a_system_of_overlapping_or_unordered_windows_is_refused(first, second):
    """The windows of a system are disjoint and in order."""
    with pytest.raises(ValidationError, match="begins before"):
        System(
            name="two",
            windows=tuple(Placed(window=Window.parse(text)) for text in (first, second)),
        )


@pytest.mark.parametrize("architecture", [0, 2, 3, 6, 7])
def test_architectures_that_were_not_released_are_refused(architecture):
    """There are architectures 1, 4 and 5; 6 was never there (release)."""
    with pytest.raises(ValidationError):
        Shunt(architecture=architecture)


def test_the_schema_of_a_window_has_both_ways():
    """The JSON schema allows text and an object, and is no object itself."""
    schema = TypeAdapter(Window).json_schema()

    assert [one["type"] for one in schema["anyOf"]] == ["string", "object"]
    assert "properties" not in schema
    assert json.loads(json.dumps(schema)) == schema
