"""The closed registry of the shunts' steps: what a spec may name, told without importing one."""

from __future__ import annotations

from collections.abc import Mapping

from harness.steps import Kind, Step
from reproductions.shunt.params.comparison import ComparisonParams
from reproductions.shunt.params.costs import CostsParams
from reproductions.shunt.params.drawing import (
    AccuracyAgainstMacsParams,
    KnowledgeQuotientsParams,
    SegmentationExampleParams,
)
from reproductions.shunt.params.examples import ExamplesParams
from reproductions.shunt.params.exports import ExportsParams
from reproductions.shunt.params.knowledge import KnowledgeParams
from reproductions.shunt.params.latency import LatencyParams, PartsParams
from reproductions.shunt.params.original import OriginalParams
from reproductions.shunt.params.search import SearchParams
from reproductions.shunt.params.systems import FinalsParams, ShuntsParams

_ROWS: Mapping[str, Kind] = {"rows": "rows"}
_TRAINED: Mapping[str, Kind] = {"weights": "weights", "history": "rows", "scores": "rows"}
_FIGURE: Mapping[str, Kind] = {"figure": "figure"}
_FINAL: Mapping[str, Kind] = {
    "images": "arrays",
    "original": "weights",
    "finals": "weights",
    "choices": "rows",
}
_CHOICES = frozenset({"choices"})

STEPS: dict[str, Step] = {
    "count_costs": Step(
        run="reproductions.shunt.costs:count_costs", params=CostsParams, outputs=_ROWS
    ),
    "train_original": Step(
        run="reproductions.shunt.original:train_original",
        params=OriginalParams,
        inputs={"images": "arrays"},
        outputs=_TRAINED,
    ),
    "measure_knowledge": Step(
        run="reproductions.shunt.quotients:measure_knowledge",
        params=KnowledgeParams,
        inputs={"images": "arrays", "weights": "weights"},
        outputs={"rows": "rows", "windows": "rows"},
    ),
    "search": Step(
        run="reproductions.shunt.search.step:search",
        params=SearchParams,
        inputs={"quotients": "rows", "latency": "measurement"},
        optional=frozenset({"latency"}),
        outputs={"choices": "rows", "front": "rows", "candidates": "rows"},
    ),
    "compare_search": Step(
        run="reproductions.shunt.comparison:compare_search",
        params=ComparisonParams,
        inputs={"choices": "rows", "scores": "rows"},
        outputs=_ROWS,
    ),
    "train_shunts": Step(
        run="reproductions.shunt.shunted:train_shunts",
        params=ShuntsParams,
        inputs={"images": "arrays", "original": "weights", "choices": "rows"},
        optional=_CHOICES,
        outputs=_TRAINED,
    ),
    "train_final": Step(
        run="reproductions.shunt.finals:train_final",
        params=FinalsParams,
        inputs={"images": "arrays", "original": "weights", "shunts": "weights", "choices": "rows"},
        optional=_CHOICES,
        outputs=_TRAINED,
    ),
    "segment_examples": Step(
        run="reproductions.shunt.examples:segment_examples",
        params=ExamplesParams,
        inputs=_FINAL,
        optional=_CHOICES,
        outputs={"examples": "arrays"},
    ),
    "export": Step(
        run="reproductions.shunt.exports:export",
        params=ExportsParams,
        inputs=_FINAL,
        optional=_CHOICES,
        outputs={"exported": "arrays", "rows": "rows"},
    ),
    "measure_parts": Step(
        run="reproductions.shunt.latency:measure_parts",
        params=PartsParams,
        outputs={"record": "measurement"},
    ),
    "measure_latency": Step(
        run="reproductions.shunt.latency:measure_latency",
        params=LatencyParams,
        inputs={"exported": "arrays"},
        outputs={"record": "measurement"},
    ),
    "draw_knowledge_quotients": Step(
        run="reproductions.shunt.drawing.quotients:draw_knowledge_quotients",
        params=KnowledgeQuotientsParams,
        inputs={"quotients": "rows", "choices": "rows"},
        optional=_CHOICES,
        outputs=_FIGURE,
    ),
    "draw_accuracy_against_macs": Step(
        run="reproductions.shunt.drawing.accuracy:draw_accuracy_against_macs",
        params=AccuracyAgainstMacsParams,
        inputs={"original": "rows", "scores": "rows", "front": "rows", "choices": "rows"},
        outputs=_FIGURE,
    ),
    "draw_segmentation_example": Step(
        run="reproductions.shunt.drawing.example:draw_segmentation_example",
        params=SegmentationExampleParams,
        inputs={"examples": "arrays"},
        outputs=_FIGURE,
    ),
}
