"""Tune the kernels of networks: draw schedules, time each, and record the best.

TVM's own code for a CPU is slow. The schedules are drawn from a seed; which is the best is
measured, so the record is an input under version control and not an output.

    python -m reproductions.nonn.deployment.tuning --output RECORD --target TARGET \
        --network NETWORK [--filters N ...]

A record that is there already is extended: kernels that it knows are left as they are.
"""

from __future__ import annotations

# Before torch: TVM reads the source of these intrinsics through `inspect`, which looks through
# all modules each time, and takes minutes once torch has brought its thousands.
import tvm.s_tir.tensor_intrin  # isort: skip

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import nn
from tvm.s_tir import meta_schedule

from harness.formats import jsonfile
from reproductions.nonn.deployment.schedules import (
    ENTRY,
    Kernel,
    TuningRecord,
    bare,
    fused,
    kernels,
    plain_target,
    read,
)
from reproductions.nonn.networks import Classifier
from reproductions.nonn.params.network import Network
from reproductions.nonn.students import Students

TRIALS = 48
SEED = 1
_SHORTEST_MS = 10


def tune(module: nn.Module, shape: Sequence[int], record: TuningRecord) -> TuningRecord:
    """Return `record` with the kernels of `module` that it did not know and that gained by it.

    Parameters
    ----------
    shape
        Of an image: (1, C, H, W).
    """
    # One thread is what a node runs on; TVM's rules ask how many cores there are.
    target = tvm.target.Target({**record.target, "num-cores": 1})
    program = fused(module, torch.zeros(tuple(shape)), target)
    known = {kernel.key for kernel in record.kernels}
    made = list(record.kernels)
    for key, (variable, function) in sorted(kernels(program).items()):
        if key not in known:
            kernel = _best(key, variable.name_hint, bare(function), target, record)
            made += [] if kernel is None else [kernel]
    return record.model_copy(update={"kernels": sorted(made, key=lambda one: one.key)})


def _best(key: str, name: str, module: Any, target: Any, record: TuningRecord) -> Kernel | None:
    """Return the fastest of the drawn schedules, or None when TVM's own is not slower."""
    candidates = _candidates(module, target, record)
    if not candidates:
        return None
    shapes = [tuple(map(int, one.shape)) for one in candidates[0].args_info]
    untuned = _seconds(module, target, shapes)
    timed = [(_seconds(one.sch.mod, target, shapes), place) for place, one in enumerate(candidates)]
    seconds, place = min(timed)
    print(f"{name}: {1e6 * untuned:.1f} us, best {1e6 * seconds:.1f} us", flush=True)
    if seconds >= untuned:
        return None
    trace = json.dumps(_plain(candidates[place].sch.trace.as_json()), separators=(",", ":"))
    return Kernel(
        key=key, name=name, untuned_us=_micro(untuned), tuned_us=_micro(seconds), trace=trace
    )


def _candidates(module: Any, target: Any, record: TuningRecord) -> list[Any]:
    context = meta_schedule.TuneContext(
        mod=module,
        target=target,
        space_generator="post-order-apply",
        search_strategy="replay-trace",
        rand_state=record.seed,
        num_threads=1,
    ).clone()
    context.pre_tuning(
        max_trials=record.trials,
        num_trials_per_iter=record.trials,
        design_spaces=context.generate_design_space(),
        database=meta_schedule.database.MemoryDatabase(),
        cost_model=meta_schedule.CostModel.create("random"),
    )
    return list(context.generate_measure_candidates() or [])


def _seconds(module: Any, target: Any, shapes: Sequence[tuple[int, ...]]) -> float:
    random = np.random.Generator(np.random.PCG64(0))
    given = [tvm.runtime.tensor(random.random(shape, dtype=np.float32)) for shape in shapes]
    named = tvm.IRModule({ENTRY: module[ENTRY].with_attr("global_symbol", ENTRY)})
    built = tvm.compile(named, target=target)
    evaluator = built.mod.time_evaluator(
        ENTRY, tvm.cpu(), number=3, repeat=3, min_repeat_ms=_SHORTEST_MS
    )
    return float(min(evaluator(*given).results))


def _micro(seconds: float) -> float:
    return round(1e6 * seconds, 3)


def _plain(value: Any) -> Any:
    """Return what TVM gives for JSON as lists, texts and numbers of Python."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if hasattr(value, "value"):
        return value.value
    return [_plain(one) for one in value]


def _module(network: Network, filters: int | None) -> nn.Module:
    if filters is None:
        classifier = Classifier(network)
        return nn.Sequential(classifier.backbone, classifier.pool, classifier.head).eval()
    return Students(network, [filters]).nodes()[0].eval()


def main() -> None:
    """Tune the kernels of one network, or of its students of several sizes."""
    parser = argparse.ArgumentParser(prog="python -m reproductions.nonn.deployment.tuning")
    parser.add_argument("--output", type=Path, required=True, help="the record, new or extended")
    parser.add_argument("--target", required=True, help="as JSON, such as a device's spec has it")
    parser.add_argument("--network", required=True, help="as JSON, such as the paper's spec has it")
    parser.add_argument("--filters", type=int, nargs="+", help="of students; else a teacher")
    parser.add_argument("--trials", type=int, default=TRIALS, help="schedules tried of a kernel")
    parser.add_argument("--seed", type=int, default=SEED, help="what they are drawn from")
    given = parser.parse_args()
    network: Network = TypeAdapter(Network).validate_python(json.loads(given.network))
    target = plain_target(json.loads(given.target))
    if given.output.exists():
        record = read(given.output, target)
    else:
        record = TuningRecord(
            tvm=tvm.__version__, target=target, seed=given.seed, trials=given.trials, kernels=[]
        )
    shape = (1, network.image_channels, network.image_size, network.image_size)
    for filters in given.filters or [None]:
        record = tune(_module(network, filters), shape, record)
        jsonfile.write(given.output, record.model_dump(mode="json"))
    print(f"{given.output}: {len(record.kernels)} kernels", flush=True)


if __name__ == "__main__":
    main()
