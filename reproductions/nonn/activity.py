"""The teacher's activity: its pooled features on images that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.determinism import settle
from reproductions.nonn.evaluation import answers
from reproductions.nonn.images import Split, read_split
from reproductions.nonn.label import label
from reproductions.nonn.params.activity import ActivityParams
from reproductions.nonn.teacher import read_teacher


def activity_of(
    teacher: nn.Module, split: Split, batch_size: int, tell: Callable[[int, int], None]
) -> dict[str, Array]:
    """Return features (M, C), predicted and true classes (M,) of the M images of `split`.

    `tell` is told how many images of how many are done.
    """
    features, predicted = [], []
    for batch, logits, pooled in answers(teacher, split, batch_size):
        features.append(pooled)
        predicted.append(logits.argmax(1))
        tell(int(batch.index[-1]) + 1, len(split))
    return {
        "activity": torch.cat(features).cpu().numpy(),
        "predicted": torch.cat(predicted).cpu().numpy(),
        "label": split.labels.cpu().numpy(),
    }


def record_activity(inputs: Inputs, params: ActivityParams, outputs: Outputs, run: Run) -> None:
    """Write the features (M, C) of M images, with predicted and true classes (NoNN release)."""
    settle()
    teacher = read_teacher(inputs, "weights", params.network)
    split = read_split(inputs, params.split, params.network)
    arrays = activity_of(teacher, split, params.batch_size, run.progress)
    about = {"network": label(params.network), "split": params.split}
    outputs.arrays("activity", arrays, about)
