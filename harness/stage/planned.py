"""A planned stage: everything that a stage's process has to know, in one JSON file.

`harness compile` writes these files under ``plan/``; the launcher and the worker read them. The
module uses the standard library alone, since the launcher runs under any Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.stage import form

DEVICE = "harness.spec.device"
"""The module that a measuring stage's process imports besides those of its step."""

ROOMS = ("artifacts", "results", "device_results")
"""The folders that stages write to."""

MODULE = r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*"
"""The name of a Python module."""

RUN = r"(harness|reproductions)(\.[a-z][a-z0-9_]*)+:[a-z][a-z0-9_]*"
"""``module:function`` of the project's own code; no other code is ever run for a stage."""

_AGAIN = "run `harness compile`"


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

    @classmethod
    def from_json(cls, value: Any, field: str) -> Artifact:
        """Return the artifact that a planned stage's JSON holds under `field`."""
        fields = dict(form.mapping(value, field))
        form.text(fields.get("kind"), f"{field}.kind", r"[a-z]+")
        form.place(fields.get("path"), f"{field}.path", ROOMS)
        form.text(fields.get("suffix"), f"{field}.suffix", r"(\.[a-z]+)?")
        form.flag(fields.get("in_git"), f"{field}.in_git")
        seeds = form.whole_numbers(fields.get("seeds"), f"{field}.seeds")
        return cls(**{**fields, "seeds": seeds})

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
    def from_json(cls, value: Any) -> PlannedEnvironment:
        """Return the environment that a planned stage's JSON holds."""
        fields = dict(form.mapping(value, "environment"))
        form.text(fields.get("name"), "environment.name", form.NAME)
        form.place(fields.get("lock"), "environment.lock")
        form.text(fields.get("python"), "environment.python", r"3\.[0-9]{1,3}")
        form.text(fields.get("equality"), "environment.equality", r"bytes|fingerprint")
        variables = form.mapping(fields["variables"], "environment.variables")
        for name, one in variables.items():
            form.text(name, "environment.variables", r"[A-Z][A-Z0-9_]*")
            form.text(one, f"environment.variables.{name}")
        tolerance = fields["tolerance"]
        if tolerance is not None and type(tolerance) not in (int, float):
            raise ValueError("field 'environment.tolerance' is not a number")
        modules = form.texts(fields["imports"], "environment.imports", MODULE)
        return cls(**{**fields, "imports": modules})


@dataclass(frozen=True)
class PlannedStage:
    """A stage as it will run; see `Artifact` for its inputs and outputs.

    `run` is ``module:function``, `code` the project's files that this module imports, `device`
    the spec of a measuring stage's device, and `writers` the DVC stage of each input.
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
    device: Mapping[str, Any] | None = None
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
    def from_json(cls, value: Any) -> PlannedStage:
        """Return the stage that `to_json` wrote; ValueError when it is none that we write.

        A plan says which code runs, and which folders are replaced: one that was changed by hand
        leads neither to other code nor out of the project.
        """
        fields = dict(form.mapping(value, "plan"))
        for name in ("profile", "paper", "stage"):
            form.text(fields.get(name), name, form.NAME)
        form.text(fields.get("run"), "run", RUN)
        form.mapping(fields.get("params"), "params")
        for name in ("inputs", "outputs"):
            items = form.mapping(fields.get(name), name).items()
            fields[name] = {
                form.text(key, name, form.IDENTIFIER): Artifact.from_json(item, f"{name}.{key}")
                for key, item in items
            }
        for name, writer in form.mapping(fields.get("writers"), "writers").items():
            form.text(writer, f"writers.{name}", form.NAME)
        if fields["inputs"].keys() != fields["writers"].keys():
            raise ValueError("field 'writers' does not name the stage of each input")
        fields["environment"] = PlannedEnvironment.from_json(fields.get("environment"))
        fields["seeds"] = form.whole_numbers(fields.get("seeds"), "seeds")
        fields["code"] = tuple(form.place(one, "code") for one in fields["code"])
        _check_measuring(fields)
        return cls(**fields)

    @classmethod
    def read(cls, path: Path) -> PlannedStage:
        """Return the stage that `path` holds; HarnessError says how to make the file anew."""
        if not path.exists():
            raise HarnessError(
                f"{path}: no such planned stage", "run `harness compile`, or check the name"
            )
        try:
            plan = cls.from_json(jsonfile.read(path))
        except HarnessError as error:
            raise HarnessError(error.message, _AGAIN) from error
        except (ValueError, TypeError, KeyError) as error:
            raise HarnessError(f"{path}: damaged: {error}", _AGAIN) from error
        if (plan.paper, f"{plan.stage}.json") != (path.parent.name, path.name):
            raise HarnessError(f"{path}: damaged: it is the plan of {plan.address}", _AGAIN)
        return plan


def _check_measuring(fields: Mapping[str, Any]) -> None:
    if fields["device"] is None:
        return
    device = form.mapping(fields["device"], "device")
    form.text(device.get("device"), "device.device", form.IDENTIFIER)
    if len(fields["outputs"]) != 1:
        raise ValueError("field 'outputs': a measuring stage has one output")
