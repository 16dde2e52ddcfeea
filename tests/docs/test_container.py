"""The Dockerfile: the rules of the linter that matter, since the linter itself is not installed."""

from __future__ import annotations

import re

import pytest
from documents_samples import text

DOCKERFILE = re.sub(r"^#.*\n", "", text("Dockerfile"), flags=re.MULTILINE).replace("\\\n", " ")
INSTRUCTIONS = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line.strip()]


def all_of(instruction: str) -> list[str]:
    """Return the arguments of every instruction of one kind, in order."""
    return [rest for name, rest in INSTRUCTIONS if name == instruction]


def test_base_is_pinned() -> None:
    """The base image has an exact version of Python and of Debian."""
    assert all_of("FROM")[0] == "scratch AS wheels"
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", all_of("FROM")[1])


def test_user_is_not_root() -> None:
    """Everything after the system packages, and the run itself, belongs to an ordinary user."""
    assert all_of("USER") == ["1000:1000"]
    names = [name for name, _ in INSTRUCTIONS]
    assert names.index("USER") < names.index("COPY") < names.index("CMD")


def test_system_packages_leave_nothing() -> None:
    """Packages come without recommendations, and the lists go in the same layer."""
    (apt,) = [run for run in all_of("RUN") if "apt-get" in run]

    assert "apt-get update" in apt
    assert "--no-install-recommends" in apt
    assert "rm -rf /var/lib/apt/lists/*" in apt
    assert "upgrade" not in apt


@pytest.mark.parametrize("instruction", ["ADD", "MAINTAINER", "ONBUILD"])
def test_instruction_is_not_used(instruction: str) -> None:
    """What fetches or hides is not used."""
    assert all_of(instruction) == []


def test_folders_are_absolute_and_nobody_calls_sudo() -> None:
    """The working folder is absolute; no instruction uses sudo, cd or a pipe."""
    assert all(folder.startswith("/") for folder in all_of("WORKDIR"))
    assert not re.search(r"\b(sudo|cd)\b|[^|]\|[^|]", " ".join(all_of("RUN")))


def test_run_is_the_first_of_the_two_commands() -> None:
    """The container runs `make repro`, as a list, so that signals reach it."""
    assert all_of("CMD") == ['["make", "repro"]']
    assert all_of("ENTRYPOINT") == []


def test_image_holds_what_a_clone_holds() -> None:
    """What git ignores stays out of the image; `.git` goes in, since DVC needs it."""
    ignored = text(".dockerignore").splitlines()

    for line in text(".gitignore").splitlines():
        bare = line.rstrip("/")
        assert {bare, f"**/{bare}"} & set(ignored), f"{line} is not in .dockerignore"
    assert not any(line.startswith(".git") for line in ignored)
