"""List the datasets, fetch their archives, or adopt archives that are on this machine.

`fetch` tries the mirrors of the spec in order, then Debian's package where there is one.
`adopt` copies from a file or folder; it is the way for data behind a login. Both keep nothing
whose checksum is not the one in the spec. Where the spec has none, `adopt` looks at the layout,
takes an unpacked folder too, and its own checksum holds from then on.

examples:
  harness data                              what there is, and what is here
  harness data fetch fashion_mnist
  harness data adopt cifar10 ~/Downloads    a folder with cifar-10-binary.tar.gz
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from harness.data import catalogue
from harness.data.adopt import adopt
from harness.data.store import Store
from harness.project import Project
from harness.spec.dataset import Dataset, Package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness data` to `parser`."""
    raw = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--json", action="store_true", help="print JSON")
    actions = parser.add_subparsers(dest="action", metavar="action")
    fetch = actions.add_parser(
        "fetch",
        help="fetch what is not here yet",
        description="Fetch the archives of a dataset that are not here yet.",
        epilog="example: harness data fetch fashion_mnist",
        formatter_class=raw,
    )
    take = actions.add_parser(
        "adopt",
        help="copy archives from a file or folder of this machine",
        description="Copy archives from a file or folder of this machine.",
        epilog="example: harness data adopt cifar10 ~/Downloads",
        formatter_class=raw,
    )
    for action in (fetch, take):
        action.add_argument("name", metavar="NAME", help="a dataset of specs/dataset/")
        # Without SUPPRESS, a --json before the action would be forgotten.
        action.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON"
        )
    take.add_argument("path", metavar="PATH", type=Path, help="an archive, or a folder with them")


def run(args: argparse.Namespace) -> int:
    """Run `harness data`; 0 when all is well."""
    project = Project.find()
    if args.action == "fetch":
        return _fetch(project, args.name, as_json=args.json)
    if args.action == "adopt":
        return _adopt(project, args.name, args.path, as_json=args.json)
    return _list(project, as_json=args.json)


def _fetch(project: Project, name: str, *, as_json: bool) -> int:
    from harness.data.step import locate

    dataset = catalogue.find(project, name)
    paths = locate(dataset, project.downloads, lambda line: print(line, file=sys.stderr))
    lines = [f"{name}: {path}" for path in paths.values()]
    _print({key: str(path) for key, path in paths.items()}, lines, as_json=as_json)
    return 0


def _adopt(project: Project, name: str, path: Path, *, as_json: bool) -> int:
    dataset = catalogue.find(project, name)
    adopted = adopt(dataset, project.downloads, path)
    store = Store(project.downloads / name)
    missing = [archive.name for archive in dataset.archives if not store.keeps(archive)]
    lines = [f"{name}: adopted {file}" for file in adopted]
    lines += [f"{name}: still missing {file}" for file in missing]
    _print({"adopted": adopted, "missing": missing}, lines, as_json=as_json)
    return 0


def _list(project: Project, *, as_json: bool) -> int:
    entries = [_entry(project, catalogue.find(project, name)) for name in catalogue.names(project)]
    lines = [
        f"{entry['dataset']:<16} {_state(entry):<12} {_size(entry['bytes']):>9}  "
        f"{entry['access']:<9} {entry['title']} ({entry['licence']})"
        for entry in entries
    ]
    _print(entries, lines, as_json=as_json)
    return 0


def _entry(project: Project, dataset: Dataset) -> dict[str, Any]:
    store = Store(project.downloads / dataset.dataset)
    return {
        "dataset": dataset.dataset,
        "title": dataset.title,
        "licence": dataset.licence,
        "access": dataset.access,
        "homepage": dataset.homepage,
        # Only whether it is here: `fetch` and the stage compute the checksums.
        "here": all(store.keeps(archive) for archive in dataset.archives),
        "bytes": _bytes(dataset),
    }


def _bytes(dataset: Dataset) -> int | None:
    if isinstance(dataset.source, Package):
        return dataset.source.bytes
    sizes = [archive.bytes for archive in dataset.archives if archive.bytes is not None]
    return sum(sizes) if len(sizes) == len(dataset.archives) else None


def _state(entry: dict[str, Any]) -> str:
    return "here" if entry["here"] else "not here"


def _size(count: int | None) -> str:
    return "-" if count is None else f"{count / 1e6:.1f} MB"


def _print(value: Any, lines: list[str], *, as_json: bool) -> None:
    print(json.dumps(value, indent=1) if as_json else "\n".join(lines))
