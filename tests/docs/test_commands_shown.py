"""Every command that a document shows exists, and the fast ones are run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from documents_samples import ROOT, inline_lines, shell_lines, text

from harness.cli.main import COMMANDS, _parser, main

LINES = [*shell_lines(), *inline_lines()]
HARNESS = [(name, line) for name, line in LINES if line.startswith("harness ")]
MAKE = [(name, line) for name, line in LINES if line.startswith("make ")]
DVC = [(name, line) for name, line in LINES if line.startswith("dvc ")]

# Sentences that mean the command as such, not a line to type.
BARE = {"harness data adopt"}

# Run in a process of their own. The rest reproduces, measures, downloads, builds or writes.
FAST = {
    "harness --version": {0},
    "harness validate": {0},
    "harness validate --json": {0},
    "harness compile --check": {0},
    "harness status --why": {0, 1},
    "harness status --json": {0, 1},
    "harness claims": {0, 1},
    "harness claims nonn": {0, 1},
    "harness claims nonn --json": {0, 1},
    "harness schema --check": {0},
    "harness schema --print paper": {0},
    "harness schema --step nonn.train_teacher": {0},
    "harness data": {0},
    "harness repro --help": {0},
}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository."""
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_there_are_commands_to_test() -> None:
    """The extraction finds the commands, so no other test here passes for want of any."""
    assert len(HARNESS) > 30
    assert len(MAKE) >= 8
    assert len(DVC) >= 8


@pytest.mark.parametrize(("name", "line"), HARNESS)
def test_harness_line_parses(name: str, line: str) -> None:
    """Each `harness` line is understood by the real parser: its command and options exist."""
    words = shlex.split(line)[1:] + ["--help"] * (line in BARE)
    if {"--help", "--version"} & set(words):
        with pytest.raises(SystemExit, match=r"^0$"):
            _parser(words).parse_args(words)
        return
    try:
        assert _parser(words).parse_args(words).command in COMMANDS
    except SystemExit:
        pytest.fail(f"{name}: {line}")


@pytest.mark.parametrize(("line", "statuses"), FAST.items())
def test_fast_line_runs(line: str, statuses: set[int]) -> None:
    """The lines that neither compute nor write run in the repository without a traceback."""
    assert line in {shown for _, shown in LINES}

    done = run(sys.executable, "-m", *shlex.split(line))

    assert done.returncode in statuses, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "line"), MAKE)
def test_make_target_exists(name: str, line: str) -> None:
    """Each `make` target that is named is one of the Makefile, and has its line of help."""
    (target,) = shlex.split(line)[1:]

    assert re.search(rf"^{target}:.*##", text("Makefile"), re.MULTILINE), f"{name}: {line}"


def test_every_make_target_is_in_the_readme() -> None:
    """Each target that `make help` lists stands in the README."""
    targets = re.findall(r"^([a-z]+):.*##", text("Makefile"), re.MULTILINE)

    assert [name for name in targets if f"make {name}\n" not in text("README.md")] == []


@pytest.mark.parametrize(("name", "line"), DVC)
def test_dvc_line_parses(name: str, line: str) -> None:
    """Each `dvc` line is understood by the parser of the pinned DVC."""
    from dvc.cli import parse_args

    assert parse_args(shlex.split(line)[1:]).func is not None, name


@pytest.mark.parametrize("command", COMMANDS)
def test_command_has_a_page_and_is_in_the_readme(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command has help with an example of itself, and a row in the README."""
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])

    page = capsys.readouterr().out
    assert end.value.code == 0
    assert re.search(rf"^(example:|  ) ?harness {command}\b", page, re.MULTILINE)
    assert f"| `{command}` | `harness {command}" in text("README.md")


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_the_help_parse(command: str) -> None:
    """Each example on a command's page is understood by its own parser."""
    page = __import__(f"harness.cli.{command}", fromlist=["__doc__"]).__doc__
    lines = re.findall(r"^(?:example:)? +(harness [^\n]*?)(?:  .*)?$", page, re.MULTILINE)

    assert lines
    for line in lines:
        words = shlex.split(line)[1:]
        assert _parser(words).parse_args(words).command == command


def test_console_script_is_the_module() -> None:
    """The `harness` of the documents is `python -m harness`, which the tests call."""
    assert 'harness = "harness.__main__:main"' in Path(ROOT, "pyproject.toml").read_text()
