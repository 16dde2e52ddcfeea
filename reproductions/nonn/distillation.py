"""What a student loses by differing from the labels and from the teacher (NoNN release)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from reproductions.nonn.params.distillation import Knowledge, Normalisation, Reduction

CONVERSION = 2 / 10
"""Turns the divergence per image into the release's weight of it at ten classes.

The release takes twice the mean over images and classes, 2 / K of the mean over images. With the
number of classes fixed at ten in that factor, the teacher weighs as much at a hundred classes.
"""
_SMALLEST = 1e-24  # below the square of any length that matters; keeps a dead map at zero


def divergence(student: Tensor, teacher: Tensor, temperature: float, kl: Reduction) -> Tensor:
    """Kullback-Leibler divergence of softened scores, teacher first.

    Parameters
    ----------
    student, teacher
        Logits (B, K).
    temperature
        Divides the logits.
    kl
        Mean over the images, or over images and classes.
    """
    log_student = functional.log_softmax(student / temperature, dim=1)
    log_teacher = functional.log_softmax(teacher / temperature, dim=1)
    softened = functional.softmax(teacher / temperature, dim=1)
    total = (softened * (log_teacher - log_student)).sum()
    return total / (student.numel() if kl == "element_mean" else len(student))


def knowledge_loss(student: Tensor, teacher: Tensor, labels: Tensor, how: Knowledge) -> Tensor:
    """L_KD of the NoNN release: `alpha` of the teacher's scores, the rest of the labels.

    Parameters
    ----------
    student, teacher
        Logits (B, K).
    labels
        Classes (B,).
    how
        Weights, temperature and the mean of the divergence.
    """
    scale = 2.0 if how.kl == "element_mean" else CONVERSION
    softened = divergence(student, teacher, how.temperature, how.kl)
    hard = functional.cross_entropy(student, labels)
    return how.alpha * how.temperature**2 * scale * softened + (1 - how.alpha) * hard


def unit(features: Tensor) -> Tensor:
    """Scale each row of (B, C) to length one; a row of zeros stays as it is."""
    squares = (features * features).sum(dim=1, keepdim=True)
    # A reciprocal root rounds alike on every processor; a plain root does not.
    return features * torch.rsqrt(squares.clamp_min(_SMALLEST))


def transfer_loss(
    students: Sequence[Tensor], teacher: Sequence[Tensor], normalisation: Normalisation
) -> Tensor:
    """L_act of the NoNN release: the mean squared difference of normalised features.

    Parameters
    ----------
    students
        Features (B, C_k) of each student.
    teacher
        The teacher's features in the same order of filters, cut alike.
    normalisation
        Over the filters of each student, or over all filters at once.
    """
    if normalisation == "joint":
        students, teacher = [torch.cat(tuple(students), 1)], [torch.cat(tuple(teacher), 1)]
    pairs = zip(students, teacher, strict=True)
    total = torch.stack([(unit(own) - unit(seen)).square().sum() for own, seen in pairs]).sum()
    return total / sum(part.numel() for part in students)
