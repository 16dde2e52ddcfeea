"""The plan: every stage of a composition with its paths, parameters and environment resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.order import running_order
from harness.report.results import input_name
from harness.spec.composition import Composition
from harness.spec.constants import resolved
from harness.spec.paper import Figure, Paper, Stage, Table
from harness.stage.planned import Artifact, PlannedEnvironment, PlannedStage
from harness.steps import SUFFIX, Kind, Step

REPORT = "harness.report"
"""The step of the stage that judges every claim; the stage belongs to no paper."""

_HARNESS = "harness"


@dataclass(frozen=True)
class Plan:
    """All stages of one composition, in the order of the specs: papers, then the report."""

    profile: str
    stages: tuple[PlannedStage, ...]

    def by_name(self) -> dict[str, PlannedStage]:
        """The stages by their name in dvc.yaml."""
        return {stage.dvc_name: stage for stage in self.stages}


def build_plan(
    composition: Composition, steps: Mapping[str, Step], costs: Mapping[str, float]
) -> Plan:
    """Return the plan of a checked composition.

    Parameters
    ----------
    composition
        What `harness.spec.check.check_composition` lets through.
    steps
        The closed registry, by the name that specs use.
    costs
        The recorded seconds of each stage, by ``paper/stage``, which the report shows.
    """
    builder = _Builder(composition, steps, costs)
    stages = [stage for paper in composition.papers.values() for stage in builder.paper(paper)]
    return Plan(composition.profile.name, (*stages, builder.report(stages)))


@dataclass(frozen=True)
class _Builder:
    composition: Composition
    steps: Mapping[str, Step]
    costs: Mapping[str, float]

    @property
    def profile(self) -> str:
        return self.composition.profile.name

    def paper(self, paper: Paper) -> Iterator[PlannedStage]:
        made: dict[str, PlannedStage] = {}
        for name in _order(paper.stages):
            made[name] = self._stage(paper, name, paper.stages[name], made)
        yield from made.values()
        for name, table in paper.tables.items():
            yield self._table(paper, name, table, made)
        for name, figure in paper.figures.items():
            yield self._figure(paper, name, figure, made)

    def report(self, stages: list[PlannedStage]) -> PlannedStage:
        """Return the stage that reads every table and writes the verdicts."""
        step = self.steps[REPORT]
        made = {_input_name(stage): stage for stage in stages if _product(stage)}
        folder = f"results/{self.profile}"
        return PlannedStage(
            profile=self.profile,
            paper=_HARNESS,
            stage="report",
            step=REPORT,
            run=step.run,
            environment=self._environment(_HARNESS),
            inputs={name: _product(stage)[0] for name, stage in made.items()},
            writers={name: stage.dvc_name for name, stage in made.items()},
            outputs={
                "verdicts": Artifact("record", f"{folder}/verdicts.json", in_git=True),
                "report": Artifact("text", f"{folder}/REPORT.md", in_git=True),
                "coverage": Artifact("record", f"{folder}/coverage.json", in_git=True),
            },
            params={
                "profile": self.composition.profile.model_dump(mode="json"),
                "papers": {
                    name: paper.model_dump(mode="json", exclude_defaults=True)
                    for name, paper in self.composition.papers.items()
                },
                "ranks": self.composition.ranks,
                "costs": dict(self.costs),
            },
        )

    def _stage(
        self, paper: Paper, name: str, stage: Stage, made: Mapping[str, PlannedStage]
    ) -> PlannedStage:
        step = self.steps[stage.step]
        seeds = paper.seeds if stage.per_seed else ()
        inputs, writers = _inputs(stage.inputs, made)
        device = self.composition.devices[stage.device] if stage.device else None
        planned = PlannedStage(
            profile=self.profile,
            paper=paper.paper,
            stage=name,
            step=stage.step,
            run=step.run,
            environment=self._environment(stage.environment),
            inputs=inputs,
            writers=writers,
            outputs={
                output: self._output(paper.paper, name, output, kind, seeds)
                for output, kind in step.outputs.items()
            },
            params=self._params(step, paper, stage.params),
            seeds=seeds,
        )
        if device is None:
            return planned
        # A measurement is of one network: that of the first seed.
        measured = {name: replace(item, seeds=item.seeds[:1]) for name, item in inputs.items()}
        record = f"device_results/{self.profile}/{paper.paper}/{name}/{stage.record}.json"
        return replace(
            planned,
            inputs=measured,
            device=device.planned(),
            outputs={
                output: replace(artifact, path=record, in_git=True)
                for output, artifact in planned.outputs.items()
            },
        )

    def _table(
        self, paper: Paper, name: str, table: Table, made: Mapping[str, PlannedStage]
    ) -> PlannedStage:
        step = self.steps["harness.table"]
        references = {
            reference.replace(".", "__").replace("-", "_"): reference for reference in table.rows
        }
        inputs, writers = _inputs(references, made)
        place = f"results/{self.profile}/{paper.paper}/{name}"
        return PlannedStage(
            profile=self.profile,
            paper=paper.paper,
            stage=f"table-{name}",
            step="harness.table",
            run=step.run,
            environment=self._environment(_HARNESS),
            inputs=inputs,
            writers=writers,
            outputs={
                "csv": Artifact("rows", f"{place}.csv", in_git=True),
                "markdown": Artifact("text", f"{place}.md", in_git=True),
                "latex": Artifact("text", f"{place}.tex", in_git=True),
            },
            params={
                "name": name,
                "inputs": list(references),
                "table": table.model_dump(mode="json", exclude_defaults=True),
            },
        )

    def _figure(
        self, paper: Paper, name: str, figure: Figure, made: Mapping[str, PlannedStage]
    ) -> PlannedStage:
        step = self.steps[figure.draw]
        inputs, writers = _inputs(figure.inputs, made)
        place = f"results/{self.profile}/{paper.paper}/{name}"
        return PlannedStage(
            profile=self.profile,
            paper=paper.paper,
            stage=f"figure-{name}",
            step=figure.draw,
            run=step.run,
            environment=self._environment(_HARNESS),
            inputs=inputs,
            writers=writers,
            outputs={"figure": Artifact("figure", place, in_git=True)},
            params=self._params(step, paper, figure.params),
        )

    def _output(
        self, paper: str, stage: str, name: str, kind: Kind, seeds: tuple[int, ...]
    ) -> Artifact:
        place = f"artifacts/{self.profile}/{paper}/{stage}/{name}"
        suffix = SUFFIX[kind]
        if seeds:
            return Artifact(kind, place, suffix, seeds)
        return Artifact(kind, place + suffix)

    def _params(self, step: Step, paper: Paper, given: Mapping[str, Any]) -> dict[str, Any]:
        params: dict[str, Any] = resolved(given, paper.constants)
        # A dataset's own spec travels with the stage, so that the stage is stale when it changes.
        if step is self.steps["harness.dataset"]:
            spec = self.composition.datasets[params["dataset"]]
            params = {**params, "spec": spec.model_dump(mode="json", exclude_defaults=True)}
        return params

    def _environment(self, name: str) -> PlannedEnvironment:
        return self.composition.environments[name].planned()


def _product(stage: PlannedStage) -> list[Artifact]:
    """Return the output that the report reads: a table's CSV, a figure, or nothing."""
    outputs = stage.outputs.items()
    return [out for name, out in outputs if name == "csv" or out.kind == "figure"]


def _input_name(stage: PlannedStage) -> str:
    name = stage.stage.removeprefix("table-").removeprefix("figure-")
    return input_name(stage.paper, name)


def _inputs(
    references: Mapping[str, str], made: Mapping[str, PlannedStage]
) -> tuple[dict[str, Artifact], dict[str, str]]:
    inputs, writers = {}, {}
    for name, reference in references.items():
        stage, _, output = reference.partition(".")
        inputs[name] = made[stage].outputs[output]
        writers[name] = made[stage].dvc_name
    return inputs, writers


def _order(stages: Mapping[str, Stage]) -> list[str]:
    """Return the names so that each comes after the stages it reads, else in the spec's order."""
    return running_order(
        {
            name: [reference.partition(".")[0] for reference in stage.inputs.values()]
            for name, stage in stages.items()
        }
    )
