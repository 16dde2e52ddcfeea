"""Students that do not answer: left out in training, and all subsets of those that are left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn

from harness.formats.rows import Row
from reproductions.nonn.evaluation import answers
from reproductions.nonn.images import Split


def surviving(
    random: np.random.Generator, images: int, students: int, dropout: float
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Draw which students answer for each image: (images, students), at least one each.

    Where chance would leave out all, the one that was the nearest to staying stays.
    """
    drawn = random.random((images, students))
    return (drawn >= dropout) | (drawn == drawn.max(axis=1, keepdims=True))


def heard(features: Tensor, sizes: Sequence[int], alive: Tensor) -> Tensor:
    """Return what the head hears of `features` (B, sum of sizes) when only some students answer.

    The others' features are zero, and those of n of N students are multiplied by N / n, so that
    the sum in the head keeps its size.

    Parameters
    ----------
    alive
        Which students answer, (B, N) or (1, N).
    """
    alive = alive.to(features.dtype)
    scale = len(sizes) / alive.sum(dim=1, keepdim=True)
    columns = torch.cat(
        [(alive[:, k : k + 1] * scale).expand(-1, size) for k, size in enumerate(sizes)], dim=1
    )
    return features * columns


def subsets(students: int) -> Iterator[tuple[int, ...]]:
    """Yield every subset of `students` students but the empty one, the largest first."""
    for count in range(students, 0, -1):
        yield from combinations(range(students), count)


def subset_accuracies(system: nn.Module, split: Split, batch_size: int) -> list[Row]:
    """Return a row for each subset of students: who answers, how many, and the accuracy.

    `system` has `sizes` and a linear `head`, as `students.System`; each image goes through the
    students once. `answering` joins the numbers of the students by ``+``; `accuracy` is in percent
    of `split`.
    """
    sizes = list(system.sizes)
    right = dict.fromkeys(subsets(len(sizes)), 0)
    for batch, _, features in answers(system, split, batch_size):
        for chosen in right:
            alive = torch.tensor([[student in chosen for student in range(len(sizes))]])
            with torch.no_grad():
                logits = system.head(heard(features, sizes, alive.to(features.device)))
            right[chosen] += int((logits.argmax(1) == batch.labels).sum())
    return [
        {
            "students": len(sizes),
            "surviving": len(chosen),
            "answering": "+".join(map(str, chosen)),
            "accuracy": 100 * count / len(split),
        }
        for chosen, count in right.items()
    ]
