"""How TVM shall compile the kernels of a network: the record of a tuning, and its use.

A kernel is one fused operation of a network, such as a convolution with the addition behind it.
It is known by the structural hash of its code, which holds shapes but neither weights nor names:
networks that share a kernel share its schedule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tvm
from pydantic import Field, ValidationError
from torch import Tensor, nn
from tvm.relax.backend.cpu_generic import pipeline
from tvm.s_tir import Schedule
from tvm.s_tir.schedule import Trace
from tvm_ffi import structural_hash

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.steps import Params
from reproductions.nonn.deployment.program import traced
from reproductions.nonn.deployment.runtime.tvm import told

ENTRY = "main"
"""The name of a kernel that stands alone."""

_MAKE = "make it anew with `python -m reproductions.nonn.deployment.tuning`"


class Kernel(Params):
    """A kernel whose best schedule was faster than TVM's own."""

    key: str = Field(pattern=r"^[0-9a-f]{16}$", description="The structural hash of its code.")
    name: str = Field(description="What TVM called it in the network that it was found in.")
    untuned_us: float = Field(gt=0, description="One run by TVM's own schedule, microseconds.")
    tuned_us: float = Field(gt=0, description="One run by this schedule, microseconds.")
    trace: str = Field(
        description="The steps of the schedule and what was drawn for them, as TVM's JSON."
    )


class TuningRecord(Params):
    """The schedules that a tuning found, as a file under version control."""

    tvm: str = Field(description="The version of TVM; hashes and traces are its own.")
    target: dict[str, Any] = Field(description="What the kernels were compiled for.")
    seed: int = Field(description="What the schedules were drawn from.")
    trials: int = Field(ge=1, description="How many were tried of each kernel.")
    kernels: list[Kernel]


def read(path: Path, target: Mapping[str, Any]) -> TuningRecord:
    """Return the record at `path`, made for `target` by this version of TVM.

    The number of cores in a target says nothing about code on one thread, and is passed over.

    Raises
    ------
    HarnessError
        It is no such record, or one for another target or of another version.
    """
    try:
        record = TuningRecord.model_validate(jsonfile.read(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise HarnessError(f"{path}: no tuning record: {where}: {first['msg']}", _MAKE) from error
    if record.tvm != tvm.__version__:
        raise HarnessError(
            f"{path}: a tuning by TVM {record.tvm}; this environment has {tvm.__version__}", _MAKE
        )
    if plain_target(record.target) != plain_target(target):
        raise HarnessError(
            f"{path}: a tuning for {plain_target(record.target)}, not for {plain_target(target)}",
            f"name a record for that target under 'tuning', or {_MAKE}",
        )
    return record


def plain_target(target: Mapping[str, Any]) -> dict[str, Any]:
    """Return `target` without its number of cores."""
    return {key: value for key, value in target.items() if key != "num-cores"}


def fused(module: nn.Module, image: Tensor, target: Any) -> Any:
    """Return `module` as TVM's program in which every kernel is there, without a schedule."""
    program = traced(module, image)
    passes = [*pipeline.library_dispatch_passes(target), *pipeline.legalize_passes(target)]
    with target:
        return told("fuse the kernels", lambda: tvm.transform.Sequential(passes)(program))


def kernels(program: Any) -> dict[str, tuple[Any, Any]]:
    """Return the kernels of a fused program by their keys: variable and code, both as they are."""
    found = {}
    for variable, function in program.functions.items():
        if isinstance(function, tvm.tirx.PrimFunc):
            found[key_of(bare(function))] = (variable, function)
    return found


def bare(function: Any) -> Any:
    """Return a kernel as a module of its own, without what only its network gave it."""
    for name in list(function.attrs.keys()):
        if name != "tirx.noalias":
            function = function.without_attr(name)
    return tvm.IRModule({ENTRY: function})


def key_of(module: Any) -> str:
    """Return the structural hash of a bare kernel, as 16 hexadecimal digits."""
    return f"{structural_hash(module) % 2**64:016x}"


def scheduled(program: Any, record: TuningRecord) -> tuple[Any, int]:
    """Return a fused program with the schedules of `record`, and how many kernels have one."""
    known = {kernel.key: kernel for kernel in record.kernels}
    found = {key: one for key, one in kernels(program).items() if key in known}
    changed = program.clone()
    for key, (variable, function) in found.items():
        made = _following(known[key], bare(function))
        for name in list(function.attrs.keys()):
            made = made.with_attr(name, function.attrs[name])
        changed.update_func(variable, made)
    return changed, len(found)


def _following(kernel: Kernel, module: Any) -> Any:
    schedule = Schedule(module)
    told(
        f"follow the schedule of {kernel.name} ({kernel.key})",
        lambda: Trace.apply_json_to_schedule(json.loads(kernel.trace), schedule),
    )
    return schedule.mod[ENTRY]
