"""The documents as text, and the commands and links in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
DOCUMENTS += sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(name: str) -> str:
    """Return a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [content for kind, content in _BLOCK.findall(text(name)) if kind == language]


def shell_lines() -> list[tuple[str, str]]:
    """Return every line of every shell block, with the name of its document."""
    found = [
        (name, line.partition(" #")[0].strip())
        for name in DOCUMENTS
        for block in blocks(name, "bash")
        for line in block.splitlines()
    ]
    return [(name, line) for name, line in dict.fromkeys(found) if line]


def inline_lines() -> list[tuple[str, str]]:
    """Return every command in a sentence or table, with the name of its document."""
    command = re.compile(r"`((?:harness|make|dvc) [^`]*)`")
    found = [(name, line) for name in DOCUMENTS for line in command.findall(text(name))]
    return list(dict.fromkeys(found))
