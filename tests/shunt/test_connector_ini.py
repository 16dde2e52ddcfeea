"""INI files: read as configparser reads them, with the line of every fault."""

from configparser import ConfigParser, Error
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from reproductions.shunt.connector.ini import parse, read

WORDS = st.text("abXY12 ,._-/'%[]", min_size=1, max_size=8)
SECTIONS = st.sampled_from("ABC").map("[{}]".format)
ENTRIES = st.builds(
    "{}{}{}".format, WORDS, st.sampled_from(["=", " = ", ": "]), WORDS | st.just("")
)
OTHERS = st.sampled_from(["", "# a comment", "  ; another", "  continued", "\tby a tab"])
LINES = st.lists(SECTIONS | ENTRIES | ENTRIES | OTHERS, max_size=12)


@given(LINES)
def test_it_reads_what_configparser_reads(lines):
    """Where configparser takes a file the same sections, keys and values are read from it."""
    text = "\n".join(lines)
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except Error:
        assert parse("text", text).problems
    else:
        wanted = {name: dict(parser[name]) for name in parser.sections()}
        found = parse("text", text)

        assert found.problems == []
        # Of a value of several lines configparser keeps the empty ones between them.
        assert flat(found.tree) == flat(wanted)


def flat(tree):
    """Return a tree without empty lines in its values."""
    return {
        name: {key: [line for line in text.split("\n") if line] for key, text in values.items()}
        for name, values in tree.items()
    }


def test_a_file_a_text_a_parser_and_a_mapping_say_the_same(tmp_path):
    """However a configuration is passed its tree is the same."""
    text = "[MODEL]\nType = MobileNetV2\nfrom file = False\n"
    path = tmp_path / "my.cfg"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    parser = ConfigParser()
    parser.read_string(text)
    values = {"MODEL": {"type": "MobileNetV2", "from_file": False}}

    trees = [read(source).tree for source in (path, str(path), text, parser, values)]

    assert trees == [{"MODEL": {"type": "MobileNetV2", "from_file": "False"}}] * 5


def test_every_place_is_known():
    """Sections, keys and values have their line and column, and what is missing has the nearest."""
    found = parse("my.cfg", "\n[A]\n  key = value\n")

    assert found.locate(("A",))[:3] == ("my.cfg", 2, 1)
    assert found.locate(("A", "key"), key=True)[:3] == ("my.cfg", 3, 3)
    assert found.locate(("A", "key"))[:3] == ("my.cfg", 3, 9)
    assert found.locate(("A", "other"))[:4] == ("my.cfg", 2, 1, "A.other")
    assert found.locate(("B",))[:4] == ("my.cfg", 0, 0, "B")


def test_all_faults_of_the_form_are_told():
    """Lines before the first section, without a value, and what is given twice are all told."""
    found = parse("my.cfg", "a = 1\n[A]\nb = 1\nB = 2\nnothing\n[A]\n= 3\nfrom_file=\nfrom file=\n")

    assert [(one.line, one.field) for one in found.problems] == [
        (1, ""),
        (4, "A.b"),
        (5, ""),
        (6, "A"),
        (7, ""),
        (9, "A.from_file"),
    ]


@pytest.mark.parametrize("name", ["nowhere.cfg", "."])
def test_a_file_that_is_not_there(name):
    """The message names the file and the folder of the examples."""
    with pytest.raises(HarnessError, match=r"no such configuration file(.|\n)*connector/configs"):
        read(Path(name))


def test_bytes_that_are_no_text(tmp_path):
    """A file in another encoding is refused and named."""
    path = tmp_path / "my.cfg"
    path.write_bytes(b"[A]\nkey = \xff\n")

    with pytest.raises(HarnessError, match=r"my.cfg: it is no text in UTF-8"):
        read(path)


def test_what_is_no_section():
    """A mapping whose values are no sections is refused by the name of each."""
    assert [one.field for one in read({"A": 1, "B": {}}).problems] == ["A"]
