"""A planned stage: everything that a stage's process has to know, in one JSON file.

`harness compile` writes these files under ``plan/``; the launcher and the worker read them. The
module uses the standard library alone, since the launcher runs under any Python.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import HarnessError


@dataclass(frozen=True)
class Artifact:
    """One input or output: a path, or a folder with one path a seed.

    Parameters
    ----------
    kind
        The canonical format (see `harness.steps.Kind`).
    path
        Relative to the project, with forward slashes. With `seeds` it is a folder.
    suffix
        What follows ``seed-<n>`` in that folder.
    seeds
        The seeds, empty for an output that is made once.
    in_git
        Whether git keeps the output (results, device results) or DVC's cache does.
    """

    kind: str
    path: str
    suffix: str = ""
    seeds: tuple[int, ...] = ()
    in_git: bool = False

    def paths(self) -> dict[int | None, str]:
        """The path of every seed; under None when there is only one path."""
        if not self.seeds:
            return {None: self.path}
        return {seed: f"{self.path}/seed-{seed}{self.suffix}" for seed in self.seeds}


@dataclass(frozen=True)
class PlannedEnvironment:
    """Where a stage runs.

    The lock to build from and the modules that must then import, the variables to set, and the
    equality that is reached.
    """

    name: str
    lock: str
    python: str
    equality: str
    tolerance: float | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    imports: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlannedEnvironment:
        """Return the environment that a planned stage's JSON holds."""
        return cls(**{**value, "imports": tuple(value["imports"])})


@dataclass(frozen=True)
class PlannedStage:
    """A stage as it will run; see `Artifact` for its inputs and outputs.

    `run` is ``module:function``, `code` the project's files that this module imports, `sampling`
    the warm-up and sample counts of a measuring stage, and `writer` the DVC stage of each input.
    """

    profile: str
    paper: str
    stage: str
    step: str
    run: str
    environment: PlannedEnvironment
    inputs: Mapping[str, Artifact]
    outputs: Mapping[str, Artifact]
    params: Mapping[str, Any]
    seeds: tuple[int, ...] = ()
    writers: Mapping[str, str] = field(default_factory=dict)
    device: str | None = None
    sampling: Mapping[str, int] | None = None
    code: tuple[str, ...] = ()

    @property
    def dvc_name(self) -> str:
        """The stage's name in dvc.yaml."""
        return f"{self.paper}-{self.stage}"

    @property
    def address(self) -> str:
        """The stage's name for people, ``paper/stage``."""
        return f"{self.paper}/{self.stage}"

    @property
    def measures(self) -> bool:
        """Whether the stage measures: its record is kept until another is asked for."""
        return self.device is not None

    def to_json(self) -> dict[str, Any]:
        """The stage as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlannedStage:
        """Return the stage that `to_json` wrote."""
        fields = dict(value)
        for name in ("inputs", "outputs"):
            fields[name] = {
                key: Artifact(**{**artifact, "seeds": tuple(artifact["seeds"])})
                for key, artifact in fields[name].items()
            }
        fields["environment"] = PlannedEnvironment.from_json(fields["environment"])
        fields["seeds"] = tuple(fields["seeds"])
        fields["code"] = tuple(fields["code"])
        return cls(**fields)

    @classmethod
    def read(cls, path: Path) -> PlannedStage:
        """Return the stage that `path` holds; HarnessError says how to make the file anew."""
        try:
            return cls.from_json(json.loads(path.read_bytes()))
        except FileNotFoundError:
            raise HarnessError(
                f"{path}: no such planned stage", "run `harness compile`, or check the name"
            ) from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise HarnessError(f"{path}: damaged: {error}", "run `harness compile`") from error
