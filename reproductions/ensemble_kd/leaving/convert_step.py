"""The step that converts a trained ensemble to PyTorch and ONNX, and compares the answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.ensemble_kd.leaving.checking import (
    check_runtime,
    compare,
    onnx_answers,
    torch_answers,
)
from reproductions.ensemble_kd.leaving.source import Source
from reproductions.ensemble_kd.leaving.to_onnx import to_onnx
from reproductions.ensemble_kd.leaving.to_torch import to_torch
from reproductions.ensemble_kd.params.convert import ConvertParams
from reproductions.ensemble_kd.twin.determinism import settle

IMAGES = "images"
"""The name, among MXNet's answers, of the images that gave them."""


def convert(inputs: Inputs, params: ConvertParams, outputs: Outputs, run: Run) -> None:
    """Write the state dict, the ONNX model of every width, and how far their answers are.

    The input `answers` has MXNet's logits (N, classes) as ``bits8`` and so on, those that it
    computed in double precision as ``bits8_double``, and as ``images`` the normalised images
    (N, C, H, W) that gave them. Of several seeds the first is taken.
    """
    settle()
    seed = next(iter(inputs.seeds("values")), None)
    source = Source.of(params, str(inputs.path("values", seed)))
    values = inputs.weights("values", seed)
    wanted = inputs.arrays("answers", next(iter(inputs.seeds("answers")), None))
    _check_answers(wanted, source)
    state = to_torch(values, source)
    torch_logits = torch_answers(state, source, wanted[IMAGES])
    doubled = torch_answers(state, source, wanted[IMAGES], double=True)
    models: dict[str, Array] = {}
    rows: list[Row] = []
    for done, member in enumerate(source.members, 1):
        name = _name(member.bits)
        model = to_onnx(values, source, member)
        models[name] = np.frombuffer(model, np.uint8)
        onnx_logits = onnx_answers(model, wanted[IMAGES])
        check_runtime(model, wanted[IMAGES], onnx_logits, name)
        rows += [
            compare(member.bits, "torch", torch_logits[member.bits], wanted[name]),
            compare(member.bits, "torch-double", doubled[member.bits], wanted[_doubled(name)]),
            compare(member.bits, "onnx", onnx_logits, wanted[name]),
        ]
        run.progress(done, len(source.members), f"{member.bits} bits")
    outputs.weights("torch", state)
    outputs.arrays("onnx", models, {"format": "ONNX, the bytes of one model for each width"})
    outputs.rows("rows", rows)


def _name(bits: int) -> str:
    return f"bits{bits}"


def _doubled(name: str) -> str:
    return f"{name}_double"


def _check_answers(wanted: Mapping[str, Array], source: Source) -> None:
    single = [_name(member.bits) for member in source.members]
    names = [IMAGES, *single, *map(_doubled, single)]
    missing = [name for name in names if name not in wanted]
    if missing:
        raise HarnessError(
            f"MXNet's answers have no '{missing[0]}'; they have {', '.join(sorted(wanted))}",
            "give the answers of the same ensemble, or the widths that they are of",
        )
