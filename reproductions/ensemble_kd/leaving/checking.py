"""What converted networks answer, and how far that is from what MXNet answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import onnx
import onnxruntime
import torch
from onnx.reference import ReferenceEvaluator

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.ensemble_kd.leaving.source import Source
from reproductions.ensemble_kd.leaving.to_onnx import INPUT, OUTPUT
from reproductions.ensemble_kd.twin.ensemble import Ensemble

Target = Literal["torch", "torch-double", "onnx"]

NEAR = 1e-5
"""Logits are the same when none is further away than this."""
_TOGETHER = 256  # images that are answered at once


def torch_answers(
    state: Mapping[str, Array], source: Source, images: Array, *, double: bool = False
) -> dict[int, Array]:
    """Return by width the logits (N, classes) of PyTorch for normalised `images` (N, C, H, W).

    With `double` they are computed in double precision, and rounded to single.
    """
    precision = torch.float64 if double else torch.float32
    ensemble = Ensemble(source.description, source.members, source.quantisation, state)
    ensemble.eval().to(precision)
    with torch.no_grad():
        parts = [
            ensemble(torch.from_numpy(np.array(part)).to(precision)) for part in _parts(images)
        ]
    logits = torch.cat(parts, 1).float().numpy()
    return {member.bits: logits[place] for place, member in enumerate(source.members)}


def onnx_answers(model: bytes, images: Array) -> Array:
    """Return the logits (N, classes) by ONNX's reference operators, which compute in NumPy.

    Their bytes are the same on every CPU; those of ONNX Runtime, which picks its own kernels,
    are not.
    """
    evaluator = ReferenceEvaluator(onnx.load_from_string(model))
    parts = [evaluator.run([OUTPUT], {INPUT: np.array(part)})[0] for part in _parts(images)]
    return np.concatenate(parts)


def check_runtime(model: bytes, images: Array, wanted: Array, what: str) -> None:
    """Refuse a model whose classes in ONNX Runtime are not those of the logits `wanted`.

    Raises
    ------
    HarnessError
        More than one image in a hundred gets another class; `what` names the model.
    """
    others = int((runtime_answers(model, images).argmax(1) != wanted.argmax(1)).sum())
    if others > len(images) // 100:
        raise HarnessError(
            f"{what}: ONNX Runtime gives {others} of {len(images)} images another class",
            "report it: the model is right by ONNX's own operators alone",
        )


def runtime_answers(model: bytes, images: Array) -> Array:
    """Return the logits (N, classes) of ONNX Runtime, on one thread."""
    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    parts = [session.run([OUTPUT], {INPUT: np.array(part)})[0] for part in _parts(images)]
    return np.concatenate(parts)


def _parts(images: Array) -> list[Array]:
    return [images[start : start + _TOGETHER] for start in range(0, len(images), _TOGETHER)]


def compare(bits: int, target: Target, found: Array, wanted: Array) -> Row:
    """Return the row that tells how far logits `found` (N, classes) are from MXNet's `wanted`."""
    furthest = np.abs(found.astype(np.float64) - wanted).max(1)
    return {
        "bits": bits,
        "target": target,
        "largest_difference": float(furthest.max()),
        "images_beyond": int((furthest > NEAR).sum()),
        "same_class": float(100 * (found.argmax(1) == wanted.argmax(1)).mean()),
    }
