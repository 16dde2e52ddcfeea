"""The closed registry of NoNN's steps: what a spec may name, told without importing any step."""

from __future__ import annotations

from collections.abc import Mapping

from harness.steps import Kind, Step
from reproductions.nonn.params.activity import ActivityParams
from reproductions.nonn.params.budget import BudgetsParams
from reproductions.nonn.params.communication import CommunicationParams
from reproductions.nonn.params.costs import CostsParams
from reproductions.nonn.params.deployment import DeploymentParams, DeploymentSummaryParams
from reproductions.nonn.params.drawing import (
    AccuracyAgainstBytesParams,
    AccuracyAgainstSurvivorsParams,
    ActivationNetworkParams,
    LatencyAgainstLinkParams,
    TrainingCurvesParams,
)
from reproductions.nonn.params.graph import GraphParams
from reproductions.nonn.params.latency import LatencyParams
from reproductions.nonn.params.partition import PartitionParams
from reproductions.nonn.params.payload import PayloadParams
from reproductions.nonn.params.quality import PartitionQualityParams
from reproductions.nonn.params.simulation import SimulationParams
from reproductions.nonn.params.single import SingleParams
from reproductions.nonn.params.students import StudentsParams
from reproductions.nonn.params.survivors import SurvivorsParams
from reproductions.nonn.params.teacher import TeacherParams

_ROWS: Mapping[str, Kind] = {"rows": "rows"}
_TRAINED: Mapping[str, Kind] = {"weights": "weights", "history": "rows", "scores": "rows"}
_FIGURE: Mapping[str, Kind] = {"figure": "figure"}

STEPS: dict[str, Step] = {
    "build_graph": Step(
        run="reproductions.nonn.graph:build_graph",
        params=GraphParams,
        inputs={"activity": "arrays"},
        outputs={"graph": "arrays"},
    ),
    "partition": Step(
        run="reproductions.nonn.partition.step:partition",
        params=PartitionParams,
        inputs={"graph": "arrays"},
        outputs={"assignment": "rows", "quality": "rows"},
    ),
    "partition_quality": Step(
        run="reproductions.nonn.partition.quality:partition_quality",
        params=PartitionQualityParams,
        inputs={"graph": "arrays"},
        outputs=_ROWS,
    ),
    "budgets": Step(
        run="reproductions.nonn.budget.step:fit_budgets",
        params=BudgetsParams,
        inputs={"graph": "arrays"},
        outputs={"rows": "rows", "assignment": "rows"},
    ),
    "count_costs": Step(
        run="reproductions.nonn.costs:count_costs", params=CostsParams, outputs=_ROWS
    ),
    "count_communication": Step(
        run="reproductions.nonn.communication:count_communication",
        params=CommunicationParams,
        outputs=_ROWS,
    ),
    "draw_activation_network": Step(
        run="reproductions.nonn.drawing.network:draw_activation_network",
        params=ActivationNetworkParams,
        inputs={"graph": "arrays", "assignment": "rows"},
        outputs=_FIGURE,
    ),
    "draw_accuracy_against_bytes": Step(
        run="reproductions.nonn.drawing.accuracy:draw_accuracy_against_bytes",
        params=AccuracyAgainstBytesParams,
        more_inputs="rows",
        outputs=_FIGURE,
    ),
    "draw_accuracy_against_survivors": Step(
        run="reproductions.nonn.drawing.survivors:draw_accuracy_against_survivors",
        params=AccuracyAgainstSurvivorsParams,
        more_inputs="rows",
        outputs=_FIGURE,
    ),
    "draw_latency_against_link": Step(
        run="reproductions.nonn.drawing.latency:draw_latency_against_link",
        params=LatencyAgainstLinkParams,
        inputs={"simulation": "rows", "measured": "rows"},
        outputs=_FIGURE,
        optional=frozenset({"measured"}),
    ),
    "draw_training_curves": Step(
        run="reproductions.nonn.drawing.curves:draw_training_curves",
        params=TrainingCurvesParams,
        more_inputs="rows",
        outputs=_FIGURE,
    ),
    "train_teacher": Step(
        run="reproductions.nonn.teacher:train_teacher",
        params=TeacherParams,
        inputs={"images": "arrays"},
        outputs=_TRAINED,
    ),
    "record_activity": Step(
        run="reproductions.nonn.activity:record_activity",
        params=ActivityParams,
        inputs={"images": "arrays", "weights": "weights"},
        outputs={"activity": "arrays"},
    ),
    "train_students": Step(
        run="reproductions.nonn.student_training:train_students",
        params=StudentsParams,
        inputs={"images": "arrays", "teacher": "weights", "assignment": "rows"},
        outputs=_TRAINED,
    ),
    "train_single": Step(
        run="reproductions.nonn.single:train_single",
        params=SingleParams,
        inputs={"images": "arrays", "teacher": "weights"},
        outputs=_TRAINED,
    ),
    "score_survivors": Step(
        run="reproductions.nonn.robustness:score_survivors",
        params=SurvivorsParams,
        inputs={"images": "arrays", "students": "weights"},
        outputs=_ROWS,
    ),
    "payload": Step(
        run="reproductions.nonn.payload:measure_payload",
        params=PayloadParams,
        inputs={"images": "arrays", "students": "weights"},
        outputs=_ROWS,
    ),
    "measure_latency": Step(
        run="reproductions.nonn.latency:measure_latency",
        params=LatencyParams,
        inputs={"images": "arrays", "teacher": "weights", "students": "weights"},
        outputs={"record": "measurement"},
    ),
    "measure_deployment": Step(
        run="reproductions.nonn.deployment.step:measure_deployment",
        params=DeploymentParams,
        inputs={"images": "arrays", "teacher": "weights", "students": "weights"},
        outputs={"record": "measurement"},
    ),
    "summarise_deployment": Step(
        run="reproductions.nonn.deployment.summary:summarise_deployment",
        params=DeploymentSummaryParams,
        inputs={"record": "measurement", "simulation": "rows"},
        optional=frozenset({"simulation"}),
        more_inputs="weights",
        outputs=_ROWS,
    ),
    "simulate": Step(
        run="reproductions.nonn.simulation.step:simulate",
        params=SimulationParams,
        inputs={"record": "measurement", "teacher": "weights", "students": "weights"},
        outputs=_ROWS,
    ),
}
