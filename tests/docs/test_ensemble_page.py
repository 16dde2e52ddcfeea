"""The page of the ensembles: its tables and commands are those of the code."""

from __future__ import annotations

import json
import re
import shlex
from typing import get_args

import pytest
from documents_samples import blocks, text

from reproductions.ensemble_kd.cli.argument import Fate
from reproductions.ensemble_kd.cli.arguments import ARGUMENTS
from reproductions.ensemble_kd.cli.interpretation import interpret
from reproductions.ensemble_kd.cli.main import main
from reproductions.ensemble_kd.cli.notes import notes
from reproductions.ensemble_kd.cli.parser import parse
from reproductions.ensemble_kd.cli.plan import Plan
from reproductions.ensemble_kd.cli.refusals import check
from reproductions.ensemble_kd.params import quantisation, teaching
from reproductions.ensemble_kd.params.convert import ConvertParams
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import resolve
from reproductions.ensemble_kd.serving import kernel

PAGE = "docs/ensemble_kd.md"
PROGRAM = '"$MXNET/bin/python" -m reproductions.ensemble_kd '
BASE = "--model resnet18_e1 --dataset digits --bit-widths 32 4 1"
TAUGHT = (
    f"{BASE} --kd-mode progressive --kd-teacher-mode pretrained_external --ensemble-teacher "
    "--teacher-params t.params --attention-matching -1"
)


def rows(head: str) -> list[list[str]]:
    """Return the cells of every row of the table whose head begins with `head`."""
    found = re.search(
        rf"^\| {re.escape(head)}.*\n\|[ -|]*\n((?:\|.*\n)+)", text(PAGE), re.MULTILINE
    )
    assert found, f"{PAGE} has no table '{head}'"
    return [
        [cell.strip() for cell in line.strip("|").split(" |")] for line in found[1].splitlines()
    ]


def quoted(cell: str) -> list[str]:
    """Return what stands in code marks."""
    return re.findall(r"`([^`]*)`", cell)


def plan(words: str) -> Plan:
    """Return the plan of a command line."""
    found = parse(shlex.split(words))
    check(found)
    return interpret(found)


def commands() -> list[str]:
    """Return the words of every command that trains, its variables put in."""
    script = "\n".join(blocks(PAGE, "bash")).replace("\\\n", " ")
    for name, value in re.findall(r'^(\w+)="(.*)"$', script, re.MULTILINE):
        script = script.replace(f"${name} ", f"{value} ")
    lines = [line for line in script.splitlines() if line.startswith(PROGRAM)]
    return [line.removeprefix(PROGRAM).partition("||")[0] for line in lines]


@pytest.mark.parametrize("words", commands())
def test_command_of_the_page_makes_a_plan(words: str) -> None:
    """Each command that trains is taken, and all of it has an effect but the weights' method."""
    said = notes(parse(shlex.split(words)))

    assert plan(words).training.epochs == 2
    assert [note for note in said if not note.startswith("--weight-quantization ")] == []


def test_page_has_the_five_examples_and_how_to_go_on() -> None:
    """The commands are found: the five examples, a teacher, and a run that stops and goes on."""
    assert len(commands()) == 8


@pytest.mark.parametrize(
    ("row", "fate"),
    [("always so", "fixed"), ("noted, without effect", "noted"), ("refused", "refused")],
)
def test_fates_of_arguments_are_those_of_the_table(row: str, fate: Fate) -> None:
    """The page names exactly the arguments that are always so, noted or refused."""
    (cell,) = [cells[1] for cells in rows("| arguments") if cells[0] == row]

    assert quoted(cell) == [one.flags[0] for one in ARGUMENTS if one.fate == fate]


def test_own_arguments_are_those_of_the_table() -> None:
    """The page names exactly the arguments that the release does not have."""
    (cell,) = [cells[1] for cells in rows("| arguments") if cells[0] == "ours"]

    assert quoted(cell) == [one.flags[0] for one in ARGUMENTS if one.group == "own"]


def test_refused_values_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Each value that the page calls refused ends the command, and the message names it."""
    (cell,) = [cells[1] for cells in rows("| arguments") if cells[0].startswith("refused with")]

    assert quoted(cell)
    for words in quoted(cell):
        assert main([*shlex.split(BASE), *words.split()]) == 2
        assert words in capsys.readouterr().err


def test_published_forms_are_those_of_the_code() -> None:
    """Each published form stands there with a field and an argument that bring it back."""
    found = rows("published | here | field")
    fields = dict(quoted(cells[2])[0].split(": ") for cells in found)
    known = {f"quantisation.{name}": value for name, value in quantisation.PUBLISHED.items()}
    known |= {f"teaching.{name}": value for name, value in teaching.PUBLISHED.items()}
    known["teaching.attention.axis"] = "width"

    assert fields == {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in known.items()
    }
    for cells in found:
        (field, _), (words,) = quoted(cells[2])[0].split(": "), quoted(cells[3])
        value: object = plan(f"{TAUGHT} {words}")
        for name in field.split("."):
            value = getattr(value, name)
        assert value == known[field], cells


def test_members_get_what_the_page_says() -> None:
    """What is possible at a width is got when it is asked for, and else the default."""
    for bits, weights, possible, default in rows("bits | weights | activations"):
        widths = range(2, 9) if bits == "2 to 8" else [int(bits)]
        for width in widths:
            for asked in get_args(quantisation.ActivationMethod):
                got = resolve(width, Quantisation(activations=asked))
                assert [got.weights] == quoted(weights)
                assert got.activations == (
                    asked if asked in quoted(possible) else quoted(default)[0]
                )


def test_backends_are_those_of_the_kernel() -> None:
    """The page names every backend, in order of speed."""
    named = [quoted(cells[0])[0] for cells in rows("backend | needs")]

    assert named == [kernel.NUMPY, *kernel.COMPILED]


def test_network_file_of_the_page_is_read() -> None:
    """The JSON that tells the converter what was trained is what it takes."""
    (found,) = re.findall(r"<<'END'\n(.*?)\nEND\n", text(PAGE), re.DOTALL)

    assert ConvertParams.model_validate_json(found).widths == (32, 8, 4, 2, 1)
