"""Where two files differ: the first place, in the terms of the format."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.formats.arrays import Array

_LIMIT = 40
_WIDTH = 160
_HEX = 8
EQUAL_CONTENT = "equal content, other bytes"


def difference(old: Path, new: Path, *, diffoscope: bool) -> list[str]:
    """Return lines that say where `new` differs from `old`, which have other bytes.

    Parameters
    ----------
    diffoscope
        Whether diffoscope is installed; it is asked then.
    """
    if diffoscope and (lines := _diffoscope(old, new)):
        return lines
    before, after = old.read_bytes(), new.read_bytes()
    return [line[:_WIDTH] for line in _by_format(old.suffix, before, after)]


def _by_format(suffix: str, old: bytes, new: bytes) -> list[str]:
    compare = _FORMATS.get(suffix, _binary)
    try:
        return compare(old, new)
    except (ValueError, EOFError, csv.Error, RecursionError):
        return _binary(old, new)  # one of them is damaged, so its bytes are what can be told


def _diffoscope(old: Path, new: Path) -> list[str]:
    command = ["diffoscope", "--text", "-", "--max-text-report-size", "20000", str(old), str(new)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return []
    lines = done.stdout.splitlines()
    return [*lines[:_LIMIT], "..."] if len(lines) > _LIMIT else lines


def _csv(old: bytes, new: bytes) -> list[str]:
    before, after = _lines_of_cells(old), _lines_of_cells(new)
    if before == after:
        return [EQUAL_CONTENT, *_binary(old, new)]
    if len(before) != len(after):
        first = [f"{len(before) - 1} rows -> {len(after) - 1} rows"]
    else:
        first = []
    header = before[0] if before else []
    cells = list(_cells(before, after))
    if cells:
        row, column, was, now = cells[0]
        name = header[column] if column < len(header) else f"column {column + 1}"
        place = f"row {row}, {name}" if row else f"heading {column + 1}"
        first.append(f"{place}: {was} -> {now}")
    return [*first, *([f"{len(cells)} cells differ"] if len(cells) > 1 else [])]


def _lines_of_cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


def _cells(old: list[list[str]], new: list[list[str]]) -> Iterator[tuple[int, int, str, str]]:
    rows = zip_longest(old, new, fillvalue=list[str]())
    for row, (before, after) in enumerate(rows):
        for column, (was, now) in enumerate(zip_longest(before, after)):
            if was != now:
                yield row, column, _shown(was), _shown(now)


def _json(old: bytes, new: bytes) -> list[str]:
    before, after = json.loads(old), json.loads(new)
    places = list(_paths("", before, after))
    if not places:
        return [EQUAL_CONTENT, *_binary(old, new)]
    path, was, now = places[0]
    more = [f"{len(places)} values differ"] if len(places) > 1 else []
    return [f"{path or 'the whole value'}: {was} -> {now}", *more]


_NOTHING = object()


def _paths(path: str, old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _paths(f"{path}.{key}" if path else key, old.get(key, _NOTHING),
                              new.get(key, _NOTHING))  # fmt: skip
    elif isinstance(old, list) and isinstance(new, list):
        for number, (was, now) in enumerate(zip_longest(old, new, fillvalue=_NOTHING)):
            yield from _paths(f"{path}[{number}]", was, now)
    elif type(old) is not type(new) or old != new:  # True is not 1
        yield path, _json_shown(old), _json_shown(new)


def _json_shown(value: Any) -> str:
    return "nothing" if value is _NOTHING else json.dumps(value, ensure_ascii=False)


def _npy(old: bytes, new: bytes) -> list[str]:
    import numpy as np

    before, after = (np.load(io.BytesIO(one), allow_pickle=False) for one in (old, new))
    return _arrays({"": before}, {"": after}) or [EQUAL_CONTENT, *_binary(old, new)]


def _safetensors(old: bytes, new: bytes) -> list[str]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        before, after = load(old), load(new)
    except SafetensorError:
        return _binary(old, new)
    return _arrays(before, after) or [EQUAL_CONTENT, *_binary(old, new)]


def _arrays(old: Mapping[str, Array], new: Mapping[str, Array]) -> list[str]:
    lines = [f"{name}: {'missing' if name in old else 'new'}" for name in sorted({*old} ^ {*new})]
    changed = [line for name in sorted({*old} & {*new})
               if (line := _array(name, old[name], new[name]))]  # fmt: skip
    if len(changed) > 1:
        changed = [changed[0], f"{len(changed)} of {len({*old} | {*new})} tensors differ"]
    return [*lines, *changed]


def _array(name: str, old: Array, new: Array) -> str:
    import numpy as np

    label = f"{name}: " if name else ""
    if old.dtype != new.dtype or old.shape != new.shape:
        shapes = (f"{one.dtype}{list(one.shape)}" for one in (old, new))
        return label + " -> ".join(shapes)
    # By their bytes: a NaN equals itself, and -0.0 is not 0.0.
    before, after = (np.ascontiguousarray(one).reshape(-1) for one in (old, new))
    bits = (one.view(np.uint8).reshape(len(one), -1) for one in (before, after))
    if not len(before):
        return ""
    where = np.flatnonzero(np.any(np.not_equal(*bits), axis=1))
    if not len(where):
        return ""
    index = [int(i) for i in np.unravel_index(where[0], old.shape)] if old.shape else []
    was, now = before[where[0]].item(), after[where[0]].item()
    return f"{label}{index}: {was!r} -> {now!r}; {len(where)} of {len(before)} values differ"


def _text(old: bytes, new: bytes) -> list[str]:
    before, after = (one.decode().split("\n") for one in (old, new))
    lines = zip_longest(before, after)
    number, was, now = next((n, a, b) for n, (a, b) in enumerate(lines, 1) if a != b)
    return [f"line {number}:", f"- {_shown(was)}", f"+ {_shown(now)}"]


def _binary(old: bytes, new: bytes) -> list[str]:
    start = next(
        (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    sizes = [] if len(old) == len(new) else [f"{len(old)} bytes -> {len(new)} bytes"]
    was, now = (one[start : start + _HEX].hex(" ") or "the end" for one in (old, new))
    return [*sizes, f"from byte {start}: {was} -> {now}"]


def _shown(value: str | None) -> str:
    return "nothing" if value is None else value or "(empty)"


_FORMATS = {
    ".csv": _csv, ".json": _json, ".npy": _npy, ".safetensors": _safetensors,
    ".md": _text, ".tex": _text, ".txt": _text, ".svg": _text, ".yaml": _text, ".lock": _text,
}  # fmt: skip
