"""One member of an ensemble as files that MXNet reads without this project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mxnet as mx
from mxnet import gluon

from harness.formats.atomic import write_bytes
from reproductions.ensemble_kd.gluon.ensemble import Ensemble
from reproductions.ensemble_kd.gluon.member import Members
from reproductions.ensemble_kd.gluon.parameters import named, values
from reproductions.ensemble_kd.leaving import params_file

DATA = "data"
"""The name of the exported network's input, images (B, C, H, W)."""


def export(ensemble: Ensemble, bits: int, stem: Path) -> tuple[Path, Path]:
    """Write the member of `bits` to ``<stem>-symbol.json`` and ``<stem>-0000.params``.

    The bytes depend on the network and its values alone. Parameters keep their canonical names,
    after ``arg:`` or ``aux:`` (running statistics).

    Raises
    ------
    HarnessError
        The ensemble has no such member.
    """
    member = ensemble.member(bits)
    symbol = traced(member)
    held = values(member)
    kinds = dict.fromkeys(symbol.list_arguments(), "arg")
    kinds |= dict.fromkeys(symbol.list_auxiliary_states(), "aux")
    graph, numbers = Path(f"{stem}-symbol.json"), Path(f"{stem}-0000.params")
    write_bytes(graph, (symbol.tojson() + "\n").encode())
    params_file.write(numbers, {f"{kinds[name]}:{name}": value for name, value in held.items()})
    return graph, numbers


def traced(member: Members) -> Any:
    """Return `member` as a symbol whose operators are numbered from 0 on."""
    # Gluon's own variables of parameters count how often they have been traced.
    variables = {name: mx.sym.var(name) for name in named(member)}
    with mx.name.NameManager():
        return member.hybrid_forward(mx.sym, mx.sym.var(DATA), **variables)


def read_exported(graph: Path, numbers: Path) -> gluon.SymbolBlock:
    """Return what `export` wrote as a block."""
    return gluon.SymbolBlock.imports(str(graph), [DATA], str(numbers))
