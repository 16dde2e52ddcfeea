"""A configuration as the text of an INI file, with a comment for each key."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from harness.errors import HarnessError
from harness.formats.atomic import write_text
from harness.spec.base import Spec
from reproductions.shunt.connector import sections
from reproductions.shunt.connector.config import SECTIONS, Config, keys

_WIDTH = 96
_HEAD = (
    "A configuration of reproductions.shunt.ShuntConnector. It runs as it is, on images that need "
    "no download. docs/shunt.md tells of every key."
)

SMALL = Config(
    general=sections.General(
        train_original_model=True,
        test_original_model=True,
        calc_knowledge_quotients=True,
        train_shunt_model=True,
        test_shunt_model=True,
        train_final_model=True,
        test_final_model=True,
        test_latency=True,
    ),
    dataset=sections.Dataset(name="digits", test_batchsize=64),
    model=sections.Model(
        type="MobileNetV3Small", depth_factor=0.5, change_stride_layers=2, momentum=0.9
    ),
    shunt=sections.Shunt(locations="5-10"),
    final_model=sections.FinalModel(test_after_shunt_insertion=True),
    training_original_model=sections.TrainingOriginalModel(
        batchsize=64, max_epochs=6, base_learning_rate=0.05
    ),
    training_shunt_model=sections.TrainingShuntModel(
        batchsize=64, max_epochs=6, base_learning_rate=0.01
    ),
    training_final_model=sections.TrainingFinalModel(
        batchsize=64, max_epochs=3, base_learning_rate=0.01
    ),
    distillation=sections.Distillation(),
    test_latency=sections.TestLatency(),
)
"""All ten steps on the embedded digits, in about a minute."""


def create_config(path: str | Path) -> Path:
    """Write a complete configuration that runs as it is, and return its path.

    The release's own file did not run: its network needs images of 385 pixels and its dataset has
    images of 32, and a key that its parser reads was missing.

    Raises
    ------
    HarnessError
        There is a file already, or it cannot be written.
    """
    path = Path(path)
    if path.exists():
        raise HarnessError(f"{path}: is there already", "name another file, or remove that one")
    try:
        write_text(path, text(SMALL, comments=True))
    except OSError as error:
        raise HarnessError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def text(config: Config, *, comments: bool = False) -> str:
    """Return `config` as an INI file with every key of its sections.

    Parameters
    ----------
    comments
        Whether a comment stands above each section and key.
    """
    lines = list(_comment(_HEAD)) if comments else []
    for name, model in SECTIONS.items():
        values = getattr(config, name.lower())
        if values is not None:
            lines += ["", *_section(name, model, values, comments=comments)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _section(name: str, model: type[Spec], values: Spec, *, comments: bool) -> Iterator[str]:
    if comments:
        yield from _comment((model.__doc__ or "").splitlines()[0])
    yield f"[{name}]"
    for key, field in keys(model).items():
        says = model.model_fields[field].description
        if comments and says:
            yield from _comment(says)
        yield f"{key} = {_written(getattr(values, field))}".rstrip()


def _comment(said: str) -> Iterator[str]:
    for line in textwrap.wrap(said, _WIDTH):
        yield f"# {line}"


def _written(value: object) -> str:
    return (
        value.capitalize() if value in ("true", "false") and isinstance(value, str) else str(value)
    )
