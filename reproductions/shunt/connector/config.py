"""The published configuration as one tree, read with all its faults at once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from harness.errors import HarnessError
from harness.spec.base import Spec
from harness.spec.problem import Problem, near, render, shown
from harness.spec.translation import faults
from reproductions.shunt.connector import ini, sections
from reproductions.shunt.connector.agreement import disagreements
from reproductions.shunt.connector.ini import Document, Source


class Config(Spec):
    """A configuration; a section that it lacks is None.

    A step that needs a section which is not there says so; `execute` needs [GENERAL].
    """

    general: sections.General | None = None
    dataset: sections.Dataset | None = None
    model: sections.Model | None = None
    shunt: sections.Shunt | None = None
    final_model: sections.FinalModel | None = None
    training_original_model: sections.TrainingOriginalModel | None = None
    training_shunt_model: sections.TrainingShuntModel | None = None
    training_final_model: sections.TrainingFinalModel | None = None

    distillation: sections.Distillation | None = None
    test_latency: sections.TestLatency | None = None

    @property
    def seed(self) -> int:
        """The seed of everything that is drawn."""
        return 0 if self.general is None else self.general.seed

    @property
    def compat(self) -> bool:
        """Whether the schedule and the dark knowledge are the released ones."""
        return self.general is not None and self.general.compat


SECTIONS: Mapping[str, type[Spec]] = {
    "GENERAL": sections.General,
    "DATASET": sections.Dataset,
    "MODEL": sections.Model,
    "SHUNT": sections.Shunt,
    "FINAL_MODEL": sections.FinalModel,
    "TRAINING_ORIGINAL_MODEL": sections.TrainingOriginalModel,
    "TRAINING_SHUNT_MODEL": sections.TrainingShuntModel,
    "TRAINING_FINAL_MODEL": sections.TrainingFinalModel,
    "DISTILLATION": sections.Distillation,
    "TEST_LATENCY": sections.TestLatency,
}
"""The sections by the names that they have in the file, in its order."""

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def read_config(source: Source) -> Config:
    """Return the configuration that `source` holds.

    Parameters
    ----------
    source
        The path of an INI file, its text, a ConfigParser or a mapping of sections.

    Raises
    ------
    HarnessError
        Sections or keys are unknown, given twice or wrong, or do not go together: all of them are
        told, each with file, line, section and key, and what is allowed.
    """
    document = ini.read(source)
    problems = list(document.problems)
    found: dict[str, Any] = {}
    for name, texts in document.tree.items():
        model = SECTIONS.get(name)
        if model is None:
            problems.append(_unknown(document, name))
            continue
        tree = {key: _value(model, key, text) for key, text in texts.items()}
        wrong = [fault.problem for fault in faults(model, tree, document.locate, at=(name,))]
        problems += wrong
        if not wrong:
            found[name.lower()] = model.model_validate_json(json.dumps(tree))
    config = Config(**found)
    problems += _between(document, config)
    if problems:
        raise HarnessError(
            render(sorted(problems)), "correct the file; docs/shunt.md lists every key"
        )
    return config


def _unknown(document: Document, name: str) -> Problem:
    said = f"unknown section {shown(name)}{near(name, SECTIONS)}"
    return Problem(*document.locate((name,)), shown(name), said, ", ".join(SECTIONS))


def _between(document: Document, config: Config) -> Iterator[Problem]:
    for section, key, said, allowed in disagreements(config):
        text = document.tree[section].get(key, "")
        yield Problem(*document.locate((section, key)), text, said, allowed)


def keys(model: type[Spec]) -> dict[str, str]:
    """Return the keys of a section as they are written, with the names of their fields."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _value(model: type[Spec], key: str, text: str) -> Any:
    """Return what a key's text stands for; the text itself where it stands for nothing else."""
    field = keys(model).get(key)
    kind = None if field is None else model.model_fields[field].annotation
    word = text.strip()
    if kind is bool:
        return _switch(word)
    if kind is int or (get_args(kind) and all(isinstance(one, int) for one in get_args(kind))):
        return int(word) if re.fullmatch(r"[+-]?[0-9]{1,18}", word) else word
    if kind is float:
        return _number(word)
    if key == "pretrained":
        return str(_switch(word)).lower()
    return word


def _switch(word: str) -> bool | str:
    if word.lower() in _TRUE:
        return True
    return False if word.lower() in _FALSE else word


def _number(word: str) -> float | str:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?", word, re.IGNORECASE):
        return word
    number = float(word)
    return number if math.isfinite(number) else word
