"""The rules of the reader for a tree that did not come from it: Hydra's, or params.yaml's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.spec.problem import Path, Problem, shown
from harness.spec.reader import DEEPEST
from harness.spec.scalar import key_fault, number_fault, text_fault
from harness.spec.translation import Locate


def tree_problems(tree: Mapping[str, Any], locate: Locate) -> Iterator[Problem]:
    """Yield what in `tree` no spec may hold: keys of Hydra's own, interpolations, odd values.

    The tree is walked without recursion: nesting cannot exhaust the stack.
    """
    waiting: list[tuple[Path, Any]] = [((), tree)]
    while waiting:
        path, node = waiting.pop()
        fault = _fault(path, node)
        if fault:
            yield Problem(*locate(path), shown(node), fault)
        elif isinstance(node, Mapping):
            for key, value in node.items():
                found = key_fault(key) if isinstance(key, str) else f"{shown(key)} is no text"
                if found:
                    yield Problem(*locate((*path, str(key)), key=True), shown(key), found)
                else:
                    waiting.append(((*path, key), value))
        elif isinstance(node, list):
            waiting += [((*path, number), value) for number, value in enumerate(node)]


def _fault(path: Path, node: Any) -> str | None:
    if len(path) > DEEPEST:
        return f"nested deeper than {DEEPEST} levels"
    if isinstance(node, str):
        return text_fault(node)
    if isinstance(node, float) and not math.isfinite(node):
        return f"{shown(node)} is not a finite number"
    if isinstance(node, int):
        return number_fault(node)
    if node is None or isinstance(node, Mapping | list | float):
        return None
    return f"{shown(node)} is no value of a spec"
