"""Composition by Hydra: the specs, a profile and the overrides of the command line, as one tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError


@dataclass(frozen=True)
class Composed:
    """A composed tree, and its text: the very bytes that DVC writes to params.yaml."""

    tree: dict[str, Any]
    text: str


def compose(specs: Path, overrides: Sequence[str]) -> Composed:
    """Compose ``specs/config.yaml`` with Hydra overrides such as ``profile=reviewer``.

    The text is made exactly as `dvc exp run -S` makes it.

    Raises
    ------
    UsageError
        Hydra does not understand an override, or it names what the specs do not have.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        with initialize_config_dir(str(specs), version_base=None):
            config = hydra_compose("config", overrides=list(overrides))
        OmegaConf.resolve(config)
    except (HydraException, OmegaConfBaseException) as error:
        said = str(error).strip().splitlines()
        raise UsageError(
            f"the override is refused: {' '.join(said[:2])}",
            "an override reads `papers.nonn.stages.teacher.params.epochs=20` or "
            "`profile=reviewer`; `+key=value` adds a key",
        ) from error
    tree: Any = OmegaConf.to_container(config)
    return Composed(tree, OmegaConf.to_yaml(config))
