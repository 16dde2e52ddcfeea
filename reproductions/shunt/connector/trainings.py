"""From the sections of the trainings to the parameters that the stages' functions take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from reproductions.shunt.connector import sections
from reproductions.shunt.connector.config import Config
from reproductions.shunt.params.distillation import Distillation, Plain
from reproductions.shunt.params.training import (
    Augmentation,
    Freezing,
    Plateau,
    Poly,
    Schedule,
    ShuntTraining,
    Training,
    TwoCycles,
)

_FREEZING: Mapping[sections.Freezing, Freezing] = {
    "nothing": "nothing",
    "freeze_before_shunt": "before_shunt",
    "unfreeze_shunt": "all_but_shunt",
    "unfreeze_after_shunt": "through_shunt",
    "unfreeze_per_epoch_starting_top": "release_from_top",
    "unfreeze_per_epoch_starting_shunt": "release_from_shunt",
}
_KIND: TypeAdapter[Distillation] = TypeAdapter(Distillation)
_LEAST_RATE, _LEAST_SHUNT_RATE = 1e-8, 1e-7  # of a plateau, as released

Section = sections.TrainingOriginalModel | sections.TrainingShuntModel | sections.TrainingFinalModel


def training_of(
    section: sections.TrainingOriginalModel | sections.TrainingFinalModel,
    augment: Augmentation | None,
    *,
    compat: bool,
) -> Training:
    """Return how the original or the final model is trained."""
    freeze: Freezing = "nothing"
    if isinstance(section, sections.TrainingFinalModel):
        freeze = _FREEZING[section.freezing]
    schedule = _schedule(section, _LEAST_RATE, compat=compat)
    return Training(**_common(section), schedule=schedule, augment=augment, freeze=freeze)


def shunt_training_of(
    section: sections.TrainingShuntModel, augment: Augmentation | None, *, compat: bool
) -> ShuntTraining:
    """Return how the shunts are trained; several ones at once."""
    schedule = _schedule(section, _LEAST_SHUNT_RATE, compat=compat)
    return ShuntTraining(**_common(section), schedule=schedule, augment=augment)


def _common(section: Section) -> dict[str, Any]:
    return {
        "epochs": section.max_epochs,
        "batch_size": section.batchsize,
        "learning_rate": section.base_learning_rate,
    }


def _schedule(section: Section, least: float, *, compat: bool) -> Schedule:
    epochs, rate = section.epochs_param, section.learning_rate_param
    match section.learning_policy:
        case "two_cycles":
            return TwoCycles(kind="two_cycles", first=epochs, second_rate=rate)
        case "plateau":
            return Plateau(kind="plateau", factor=rate, patience=epochs, minimum=least)
        case "poly":
            return Poly(kind="poly", power=rate, compat=compat)


def distillation_of(config: Config) -> Distillation:
    """Return what the final model learns from beside the labels."""
    section = config.distillation
    if section is None:
        return Plain(kind="plain")
    strength = sections.strength_of(section.strength)
    given: dict[str, Any] = {} if strength is None else {"strength": strength}
    match section.kind:
        case "plain":
            given = {}
        case "dark_knowledge":
            given |= {"temperature": section.temperature, "compat": config.compat}
        case "attention":
            given |= {"layers": section.layers}
        case "ace":
            given = {"kappa": section.kappa}
    return _KIND.validate_python({"kind": section.kind, **given})
