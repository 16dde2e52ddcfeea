"""The teacher's activity: its pooled features on images that it was not trained on."""

from __future__ import annotations

import torch

from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.determinism import settle
from reproductions.nonn.evaluation import answers
from reproductions.nonn.images import read_split
from reproductions.nonn.label import label
from reproductions.nonn.params.activity import ActivityParams
from reproductions.nonn.teacher import read_teacher


def record_activity(inputs: Inputs, params: ActivityParams, outputs: Outputs, run: Run) -> None:
    """Write the features (M, C) of M images, with predicted and true classes (section 1.1)."""
    settle()
    teacher = read_teacher(inputs, "weights", params.network)
    split = read_split(inputs, params.split, params.network)
    features, predicted = [], []
    for batch, logits, pooled in answers(teacher, split, params.batch_size):
        features.append(pooled)
        predicted.append(logits.argmax(1))
        run.progress(int(batch.index[-1]) + 1, len(split))
    arrays = {
        "activity": torch.cat(features).numpy(),
        "predicted": torch.cat(predicted).numpy(),
        "label": split.labels.numpy(),
    }
    about = {"network": label(params.network), "split": params.split}
    outputs.arrays("activity", arrays, about)
