"""Reading one file strictly."""

from __future__ import annotations

import io
import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from harness.spec.problem import SpecErrors
from harness.spec.reader import load, read

REFUSALS = [
    ("a: yes", "1:4: a: 'yes' has no certain meaning: write true or false, or quote it"),
    ("a: [on]", "1:5: a[0]: 'on' has no certain meaning"),
    ("a: True", "1:4: a: 'True' has no certain meaning: write it in lower case"),
    ("a: NULL", "1:4: a: 'NULL' has no certain meaning: write it in lower case"),
    ("a: 010", "1:4: a: '010' has no certain meaning: write the number as 0.5 or 1000"),
    ("a: 0x1F", "1:4: a: '0x1F' has no certain meaning: write the number in decimal digits"),
    ("a: 1_000", "1:4: a: '1_000' has no certain meaning"),
    ("a: .5", "1:4: a: '.5' has no certain meaning: write the number as 0.5"),
    ("a: 1:30", "1:4: a: '1:30' has no certain meaning: quote it: YAML reads base 60"),
    ("a: 2019-10-13", "1:4: a: '2019-10-13' has no certain meaning: quote it: YAML reads a date"),
    ("a: .nan", "1:4: a: '.nan' has no certain meaning: a number here is finite"),
    ("a: -.inf", "1:4: a: '-.inf' has no certain meaning: a number here is finite"),
    ("a: 1e999", "1:4: a: '1e999' has no certain meaning: the number is too large"),
    (
        "a: 9007199254740993.0",
        (
            "1:4: a: '9007199254740993.0' has no certain meaning: it has more digits than a number "
            "here keeps, and would be 9007199254740992.0"
        ),
    ),
    (
        "a: 1e-99999999999999999999",
        (
            "1:4: a: '1e-99999999999999999999' has no certain meaning: it has more digits than a "
            "number here keeps, and would be 0.0"
        ),
    ),
    ("a: 9223372036854775808", "has no certain meaning: the number does not fit into 64 bits"),
    ("a: =", "1:4: a: '=' has no certain meaning: quote it"),
    ("a: 1\nb: 2\na: 3", "3:1: a: the key is given twice, first on line 1; allowed: each key once"),
    ("a: &x 1", "1:4: a: anchors (&name) are not allowed; write the value out"),
    ("a: *x", "1:4: a: aliases (*name) are not allowed; write the value out"),
    ("a: {<<: {b: 1}}", "1:5: a.<<: merge keys (<<) are not allowed; write the values out"),
    ("a: !!str 1", "1:4: a: the tag 'tag:yaml.org,2002:str' is not allowed"),
    ("a: !!python/name:os.system x", "1:4: a: the tag 'tag:yaml.org,2002:python/name:os.system'"),
    ("a: ! x", "1:4: a: the tag '!' is not allowed"),
    ("a: 1\n---\nb: 2", "2:1: a second document begins here; allowed: one document in a file"),
    ("%YAML 1.2\n---\na: 1", "1:1: directives (%YAML, %TAG) are not allowed"),
    ("1: a", "1:1: 1: the key '1' is not text; quote it when it is meant so"),
    ("no: a", "1:1: no: the key 'no' is not text"),
    ("? [a]\n: 1", "1:3: ?: a key is text, not an alias, a mapping or a list"),
    ("a: {_target_: os.system}", "1:5: a._target_: the key '_target_' begins with an underscore"),
    ("_recursive_: false", "1:1: _recursive_: the key '_recursive_' begins with an underscore"),
    ("a: ${oc.env:HOME}", "1:4: a: '${oc.env:HOME}' holds an interpolation"),
    ("a: 'x ${b}'", "1:4: a: 'x ${b}' holds an interpolation"),
    ("a: ???", "1:4: a: '???' is Hydra's mark for a missing value"),
    ('a: "\\0"', "1:4: a: '\\u0000' holds a control character"),
    ('a: "\\e[31m"', "1:4: a: '\\u001b[31m' holds a control character"),
    ("a: [b? c]", "1:5: a[0]: 'b? c' holds a '?' between brackets; quote it"),
    ("a: |#b", "1:4: a: a space is missing before this line's comment"),
    ("a: \x07", "1:4: the control character U+0007 is not allowed"),
    ("a: b\n\tc: d", "2:1: the tab is not allowed; indent with spaces"),
    ("a: \u202etxt", "1:4: the control character U+202E is not allowed"),
    ("", "1:1: the file is empty; allowed: a mapping"),
    ("- a", "1:1: the file holds a list; allowed: a mapping"),
    ("word", "1:1: the file holds 'word'; allowed: a mapping"),
    ("a: b: c", "1:5: not YAML: a second ':' on this line; quote text that holds ': '"),
    ("a: 'b\nc: d", "2:5: not YAML: the quoted text that begins before here is never closed"),
    ("a: [1\nb: 2", "2:2: not YAML: the list is not closed with ']'"),
    ("a: {b: 1\nc: 2", "2:2: not YAML: the mapping is not closed with '}'"),
    ("a: @b", "1:4: not YAML: no value begins with this character"),
    ("a: 1\n# @package b\n", "2:1: '# @package b' is a header of Hydra's that moves the file"),
    ("a: " + "[" * 40, "nested deeper than 32 levels"),
    ("a: " + "x" * 64_001, "the text has 64001 characters, more than 64000"),
]


@pytest.mark.parametrize(("text", "message"), REFUSALS, ids=[text[:24] for text, _ in REFUSALS])
def test_refuses_what_readers_of_yaml_disagree_about(text: str, message: str) -> None:
    """What is ambiguous, executable or not YAML is refused, with its place and advice."""
    with pytest.raises(SpecErrors) as caught:
        load("specs/a.yaml", text.encode())

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: caf\xe9", "1:7: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"\xef\xbb\xbfa: 1", "1:1: the file begins with a byte-order mark"),
        (b"a: 1\n" * 200_001, "the file has 1000005 bytes; allowed: at most 1000000 bytes"),
    ],
    ids=["latin", "byte-order mark", "large"],
)
def test_refuses_bytes_that_are_not_a_text(content: bytes, message: str) -> None:
    """A file that is not UTF-8 without a byte-order mark, or is too large, is refused."""
    assert message in str(read("specs/a.yaml", content).problems[0])


def test_gathers_every_problem_of_a_file() -> None:
    """One bad value hides no other."""
    found = read("specs/a.yaml", b"a: yes\nb: [1, no]\n_c: 1\na: *x\n").problems

    assert [(p.line, p.column, p.field) for p in found] == [
        (1, 4, "a"),
        (2, 8, "b[1]"),
        (3, 1, "_c"),
        (4, 1, "a"),
        (4, 4, "a (again)"),
    ]


def test_knows_where_every_key_and_value_stands() -> None:
    """Positions count lines and columns from 1, also behind characters of several bytes."""
    document = load("specs/a.yaml", "é: {ü: 1}\nb:\n  - c\n  - d: e\n".encode())

    assert document.values["é", "ü"] == (1, 8)
    assert document.keys["é", "ü"] == (1, 5)
    assert document.values["b", 1, "d"] == (4, 8)


def test_lines_may_end_as_on_windows() -> None:
    """CRLF gives the values that LF gives."""
    text = "a: 1\nb: |\n  two\n  lines\n"

    assert load("a", text.replace("\n", "\r\n").encode()).tree == load("a", text.encode()).tree


def test_a_hostile_file_takes_no_longer_than_a_large_one() -> None:
    """Deep nesting, many keys and endless lists neither recurse nor grow out of bounds."""
    for text in ("{" * 900_000, "? " * 450_000, "a: " + "- " * 450_000, "\x01" * 900_000):
        assert read("specs/a.yaml", text.encode()).problems


# Words that mean something to YAML, so that random texts reach its rare corners.
WORDS = "a|b: |: |- |\n|\n  |{|}|[|]|, |'|\"| #|1|1.5|e3|-|+|.|>|? |\\|é| |yes|null|~|true|!|%|@|`"
MORE_WORDS = "&|*|=|<|:|1:30|/|\u00a0|..|---|\r\n|🎉|\t"
FRAGMENTS = st.sampled_from(["|", *WORDS.split("|"), *MORE_WORDS.split("|")])
TEXTS = st.lists(FRAGMENTS, max_size=14).map(lambda parts: "k: " + "".join(parts))


@given(st.one_of(st.binary(max_size=60), TEXTS.map(str.encode), st.text().map(str.encode)))
def test_any_bytes_give_a_document_or_spec_errors(content: bytes) -> None:
    """Nothing but SpecErrors is raised, whatever a file holds."""
    with suppress(SpecErrors):
        assert isinstance(load("specs/a.yaml", content).tree, dict)


@given(TEXTS)
@example("k: 1e-3")
@example("k: [1e5, 1., -0, +7, 1.5e+3, 'é', \"\\x41\", null, ~, true]")
@example("k: 10.1109/x\nv: 1.2.3\nw: 3d\n")
def test_what_is_accepted_has_the_value_that_hydra_reads(text: str) -> None:
    """The reader and OmegaConf agree about the type and value of everything accepted."""
    document = read("specs/a.yaml", text.encode())
    if document.problems:
        return

    as_a_file = io.StringIO(text, newline=None).read()
    expected = OmegaConf.to_container(OmegaConf.create(as_a_file))

    assert json.dumps(document.tree) == json.dumps(expected)
