"""What converted networks answer, and how far that is from what MXNet answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import onnxruntime
import torch

from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.ensemble_kd.leaving.source import Source
from reproductions.ensemble_kd.leaving.to_onnx import INPUT, OUTPUT
from reproductions.ensemble_kd.twin.ensemble import Ensemble

Target = Literal["torch", "onnx"]

NEAR = 1e-5
"""Logits are the same when none is further away than this."""
_TOGETHER = 256  # images that are answered at once


def torch_answers(state: Mapping[str, Array], source: Source, images: Array) -> dict[int, Array]:
    """Return by width the logits (N, classes) of PyTorch for normalised `images` (N, C, H, W)."""
    ensemble = Ensemble(source.description, source.members, source.quantisation, state).eval()
    with torch.no_grad():
        parts = [ensemble(torch.from_numpy(np.array(part))) for part in _parts(images)]
    logits = torch.cat(parts, 1).numpy()
    return {member.bits: logits[place] for place, member in enumerate(source.members)}


def onnx_answers(model: bytes, images: Array) -> Array:
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
