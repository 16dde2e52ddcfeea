"""dvc.yaml as a pure function of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from harness.plan import REPORT, Plan
from harness.stage.planned import Artifact, PlannedStage

HEADER = "# Written by `harness compile` from specs/: edit the specs, not this file.\n"
PLAN_STAGE = "plan"
_PROFILE = "${profile.name}"


def pipeline(plan: Plan, folder: str, planner_code: tuple[str, ...]) -> str:
    """Return the text of dvc.yaml.

    The text names the profile by a reference into params.yaml, so that it is the same for every
    profile with the same stages and ``dvc exp run -S profile=...`` needs no other.

    Parameters
    ----------
    plan
        The stages.
    folder
        The folder of dvc.yaml relative to the project, "" for the project itself.
    planner_code
        The files that the planning stage executes.
    """
    prefix = f"{folder}/" if folder else ""
    stages: dict[str, Any] = {PLAN_STAGE: _planning(prefix, planner_code)}
    for stage in plan.stages:
        stages[stage.dvc_name] = _stage(stage, prefix)
    if folder:
        up = "/".join([".."] * (folder.count("/") + 1))
        stages = {name: {"wdir": up, **stage} for name, stage in stages.items()}
    return HEADER + _Dumper.text({"stages": stages})


def _planning(prefix: str, code: tuple[str, ...]) -> dict[str, Any]:
    return {
        "cmd": _command("plan", prefix),
        "desc": "One file a stage with all that determines it, from params.yaml",
        "deps": [f"{prefix}params.yaml", "environments/harness.txt", *code],
        "outs": [{f"{prefix}plan": {"cache": False, "persist": True}}],
    }


def _stage(stage: PlannedStage, prefix: str) -> dict[str, Any]:
    planned = f"{prefix}plan/{stage.paper}/{stage.stage}.json"
    inputs = dict.fromkeys(_parametrised(item, stage) for item in stage.inputs.values())
    entry: dict[str, Any] = {
        "cmd": _command(f"{stage.paper} {stage.stage}", prefix),
        "deps": [planned, stage.environment.lock, *inputs, *stage.code],
    }
    for section, outputs in _sections(stage).items():
        entry[section] = [_out(output, stage) for output in outputs]
    return entry


def _sections(stage: PlannedStage) -> Mapping[str, list[Artifact]]:
    sections: dict[str, list[Artifact]] = {}
    for name, artifact in stage.outputs.items():
        section = "outs"
        if artifact.kind == "figure":
            section = "plots"
        elif stage.step == REPORT and name == "coverage":
            section = "metrics"
        sections.setdefault(section, []).append(artifact)
    return sections


def _out(artifact: Artifact, stage: PlannedStage) -> str | dict[str, Any]:
    path = _parametrised(artifact, stage)
    if not artifact.in_git:
        return path
    return {path: {"cache": False, **({"persist": True} if stage.measures else {})}}


def _parametrised(artifact: Artifact, stage: PlannedStage) -> str:
    room, _, rest = artifact.path.partition(f"/{stage.profile}/")
    return f"{room}/{_PROFILE}/{rest}"


def _command(words: str, prefix: str) -> str:
    plans = f" --plans {prefix}plan" if prefix else ""
    return f"python3 -m harness.stage {words}{plans}"


class _Dumper(yaml.SafeDumper):
    """Block style, keys in their order, lists indented under their key, no line wrapped."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    @classmethod
    def text(cls, value: Any) -> str:
        text = yaml.dump(value, Dumper=cls, sort_keys=False, width=10_000, allow_unicode=True)
        assert isinstance(text, str)
        return text
