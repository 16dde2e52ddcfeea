"""Composition by Hydra: the specs, a profile and the overrides of the command line, as one tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.spec.override import HOW, check_overrides

_TOLD = 300


@dataclass(frozen=True)
class Composed:
    """A composed tree, and its text: the very bytes that DVC writes to params.yaml."""

    tree: dict[str, Any]
    text: str


def compose(specs: Path, overrides: Sequence[str]) -> Composed:
    """Compose ``specs/config.yaml`` with Hydra overrides such as ``profile=reviewer``.

    The text is made exactly as `dvc exp run -S` makes it. Nothing is resolved: neither the specs
    nor an override can hold an interpolation.

    Raises
    ------
    UsageError
        An override does more than change a value, or it names what the specs do not have.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    check_overrides(overrides, [path.stem for path in (specs / "profile").glob("*.yaml")])
    try:
        with initialize_config_dir(str(specs), version_base=None):
            config = hydra_compose("config", overrides=list(overrides))
    except (HydraException, OmegaConfBaseException, RecursionError) as error:
        said = str(error).strip().splitlines()
        raise UsageError(f"the override is refused: {' '.join(said[:2])[:_TOLD]}", HOW) from error
    tree: Any = OmegaConf.to_container(config)
    return Composed(tree, OmegaConf.to_yaml(config))
