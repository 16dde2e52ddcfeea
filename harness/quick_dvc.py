"""DVC's command line, with YAML read and written by libyaml: the same bytes in less time.

DVC reads dvc.yaml, dvc.lock and params.yaml again for each target, and reads and writes dvc.lock
for each stage, with a YAML library in pure Python. With a hundred stages a file has some ten
thousand lines, and that takes longer than most stages do. What libyaml cannot read, and what it is
not sure to write as DVC does, is left to DVC's own library.
"""

from __future__ import annotations

import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, TextIO

import yaml
from dvc.cli import main as dvc
from dvc.utils import serialize, strictyaml
from dvc.utils.serialize import _yaml as own
from ruamel.yaml.resolver import implicit_resolvers

_FILES = {"dvc.lock", "dvc.yaml", "params.yaml"}
_PLAIN = re.compile(r"[A-Za-z0-9 ._/=@+~-]{1,70}")
"""Texts that both write alike; how others are quoted or broken into lines is DVC's business."""

_VERSION = (1, 2)  # of YAML, which decides what is a number


class _Lock(dict[str, Any]):
    """What dvc.lock holds, on its way from the fast parser to the fast writer."""


class _Loader(yaml.CSafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}


class _Dumper(yaml.CSafeDumper):
    yaml_implicit_resolvers: dict[str, Any] = {}

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature of the library
        return True


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    found = {loader.construct_object(key, deep=True): value for key, value in node.value}
    if len(found) != len(node.value):
        raise yaml.YAMLError("a key is there twice")
    return {key: loader.construct_object(value, deep=True) for key, value in found.items()}


def _prepare() -> None:
    """Give the fast library YAML 1.2's rules of what is a number, and refuse equal keys."""
    for versions, tag, pattern, first in implicit_resolvers:
        if _VERSION in versions:
            _Loader.add_implicit_resolver(tag, pattern, first)
            _Dumper.add_implicit_resolver(tag, pattern, first)
    _Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    for kind in (_Lock, OrderedDict):
        _Dumper.add_representer(kind, yaml.representer.SafeRepresenter.represent_dict)


def reading(slow: Callable[..., Any]) -> Callable[..., Any]:
    """Return DVC's `parse_yaml`, by libyaml for the files that the harness and DVC write."""

    def parse_yaml(text: str, path: Any, typ: str = "safe") -> Any:
        name = PurePath(path).name
        if name not in _FILES or (typ != "safe" and name != "dvc.lock"):
            return slow(text, path, typ)
        try:
            found = yaml.load(text, Loader=_Loader)  # noqa: S506 - a loader of plain values
        except (yaml.YAMLError, ValueError, TypeError):
            return slow(text, path, typ)  # it says what is wrong, and where
        return _Lock(found) if name == "dvc.lock" and isinstance(found, dict) else found or {}

    return parse_yaml


def writing(slow: Callable[[Any, TextIO], Any]) -> Callable[[Any, TextIO], Any]:
    """Return DVC's writer of YAML, by libyaml for what dvc.lock can hold."""

    def dump(data: Any, stream: TextIO) -> Any:
        if not isinstance(data, _Lock):
            return slow(data, stream)
        if not _plain(data):
            return slow(dict(data), stream)
        return yaml.dump(
            data, stream, Dumper=_Dumper, default_flow_style=False, sort_keys=False,
            allow_unicode=True,
        )  # fmt: skip

    return dump


def _plain(value: Any) -> bool:
    """Whether both libraries write `value` alike: words, whole numbers, and lists of them."""
    if isinstance(value, dict):
        return bool(value) and all(map(_plain, value)) and all(map(_plain, value.values()))
    if isinstance(value, list):
        return bool(value) and all(map(_plain, value))
    if isinstance(value, str):
        return _PLAIN.fullmatch(value) is not None
    return type(value) is int


def main(arguments: Sequence[str]) -> int:
    """Run DVC and return its exit status."""
    _prepare()
    fast = reading(own.parse_yaml)
    for module in (own, serialize, strictyaml):
        module.parse_yaml = fast
    own._dump = writing(own._dump)  # noqa: SLF001 - DVC offers no other way
    return int(dvc(list(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
