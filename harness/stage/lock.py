"""dvc.lock, read without a YAML library: the launcher runs under any Python, and fast.

DVC writes the file in one fixed shape. Whatever does not have that shape was not written by DVC
to its end, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.fault import system_fault, way_back

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})", re.MULTILINE)
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_HEAD = "schema: '2.0'\nstages:\n"
_INSTEAD = "delete it and run `harness repro`"


@dataclass(frozen=True)
class LockedStage:
    """What dvc.lock says of one stage: its command, and the MD5 of every dependency and output."""

    cmd: str
    deps: Mapping[str, str]
    outs: Mapping[str, str]


def read_lock(path: Path) -> dict[str, LockedStage]:
    """Return the stages of dvc.lock by name; none when the file does not exist.

    Raises
    ------
    HarnessError
        The file is empty, truncated, unreadable, or holds the markers of a merge conflict.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise system_fault(error) from error
    except (OSError, UnicodeDecodeError) as error:
        raise HarnessError(f"{path}: cannot be read: {error}", way_back(path, _INSTEAD)) from error
    if match := _CONFLICT.search(text):
        line = text.count("\n", 0, match.start()) + 1
        raise HarnessError(
            f"{path}:{line}: the marker of a merge conflict",
            f"take either side with `git checkout --ours {path.name}`, or {way_back(path)}; "
            "then run `harness repro`",
        )
    if not text.startswith(_HEAD) or not text.endswith("\n"):
        raise HarnessError(
            f"{path}: empty, truncated or not written by DVC", way_back(path, _INSTEAD)
        )
    try:
        return _stages(text.splitlines())
    except (IndexError, KeyError, ValueError) as error:
        raise HarnessError(
            f"{path}: truncated or damaged: {error}", way_back(path, _INSTEAD)
        ) from error


def _stages(lines: list[str]) -> dict[str, LockedStage]:
    found: dict[str, LockedStage] = {}
    body = lines[2:]
    if not body:
        raise ValueError("it holds no stage")
    starts = [n for n, line in enumerate(body) if re.match(r"^  \S", line)]
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        # YAML quotes what would be no text without: on, no, 12.
        found[body[start].strip().rstrip(":").strip("'")] = _stage(body[start + 1 : end])
    return found


def _stage(lines: list[str]) -> LockedStage:
    sections: dict[str, list[str]] = {}
    for line in lines:
        if match := re.match(r"^    (\w+):(.*)$", line):
            sections[match[1]] = [match[2].strip()]
        elif sections:
            sections[next(reversed(sections))].append(line)
        else:
            raise ValueError(f"a line stands in no section: {line.strip()[:60]!r}")
    for name, content in sections.items():
        if content == [""]:
            raise ValueError(f"'{name}' breaks off")
    cmd = " ".join(part.strip() for part in sections["cmd"])
    return LockedStage(cmd, _entries(sections.get("deps", [])), _entries(sections.get("outs", [])))


def _entries(lines: list[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    block: dict[str, str] = {}
    for line in [*lines[1:], "    - "]:
        if line.startswith("    - "):
            if block:
                if not _MD5.fullmatch(block["md5"]):  # it becomes the path of a cache object
                    raise ValueError(f"the entry of {block['path']} has no MD5")
                entries[block["path"]] = block["md5"]
                if "size" not in block:
                    raise ValueError(f"the entry of {block['path']} breaks off")
            block = {}
        key, _, value = line[6:].partition(": ")
        block[key] = value.strip().strip("'\"")
    return entries
