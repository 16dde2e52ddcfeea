"""The closed registry of the ensembles' steps: what a spec may name, told without importing one."""

from __future__ import annotations

from collections.abc import Mapping

from harness.steps import Kind, Step
from reproductions.ensemble_kd.params.convert import ConvertParams
from reproductions.ensemble_kd.params.costs import CostsParams
from reproductions.ensemble_kd.params.drawing import (
    AccuracyAgainstBitsParams,
    AccuracyAgainstBytesParams,
    GradientsParams,
    SpeedUpParams,
)
from reproductions.ensemble_kd.params.ensemble import EnsembleParams
from reproductions.ensemble_kd.params.pack import PackParams
from reproductions.ensemble_kd.params.separate import SeparateParams
from reproductions.ensemble_kd.params.serve import ServeParams
from reproductions.ensemble_kd.params.speed import SpeedParams
from reproductions.ensemble_kd.params.teacher import TeacherParams
from reproductions.ensemble_kd.params.variants import VariantsParams

_FIGURE: Mapping[str, Kind] = {"figure": "figure"}
_IMAGES: Mapping[str, Kind] = {"images": "arrays"}
_TRAINED: Mapping[str, Kind] = {"weights": "weights", "history": "rows", "scores": "rows"}

STEPS: dict[str, Step] = {
    "count_costs": Step(
        run="reproductions.ensemble_kd.costs:count_costs",
        params=CostsParams,
        outputs={"rows": "rows"},
    ),
    "train_teacher": Step(
        run="reproductions.ensemble_kd.training.teacher_step:train_teacher",
        params=TeacherParams,
        inputs=_IMAGES,
        outputs=_TRAINED,
    ),
    "train_separate": Step(
        run="reproductions.ensemble_kd.training.separate_step:train_separate",
        params=SeparateParams,
        inputs=_IMAGES,
        outputs=_TRAINED,
    ),
    "train_ensemble": Step(
        run="reproductions.ensemble_kd.training.ensemble_step:train_ensemble",
        params=EnsembleParams,
        inputs={
            **_IMAGES,
            "teacher": "weights",
            "ensemble_teacher": "weights",
            "start": "weights",
        },
        optional=frozenset({"teacher", "ensemble_teacher", "start"}),
        outputs={**_TRAINED, "agreement": "rows", "gradients": "rows"},
    ),
    "train_variants": Step(
        run="reproductions.ensemble_kd.training.variants_step:train_variants",
        params=VariantsParams,
        inputs={**_IMAGES, "teacher": "weights"},
        optional=frozenset({"teacher"}),
        outputs={"scores": "rows", "gradients": "rows"},
    ),
    "pack": Step(
        run="reproductions.ensemble_kd.serving.pack_step:pack",
        params=PackParams,
        inputs={"values": "weights"},
        outputs={"store": "weights", "rows": "rows"},
    ),
    "serve": Step(
        run="reproductions.ensemble_kd.gluon.serve_step:serve",
        params=ServeParams,
        inputs={**_IMAGES, "values": "weights", "store": "weights"},
        outputs={"rows": "rows", "answers": "arrays"},
    ),
    "convert": Step(
        run="reproductions.ensemble_kd.leaving.convert_step:convert",
        params=ConvertParams,
        inputs={"values": "weights", "answers": "arrays"},
        outputs={"torch": "weights", "onnx": "arrays", "rows": "rows"},
    ),
    "measure_speed": Step(
        run="reproductions.ensemble_kd.serving.speed_step:measure_speed",
        params=SpeedParams,
        outputs={"record": "measurement"},
    ),
    "draw_accuracy_against_bits": Step(
        run="reproductions.ensemble_kd.drawing.accuracy:draw_accuracy_against_bits",
        params=AccuracyAgainstBitsParams,
        inputs={"separate": "rows"},
        more_inputs="rows",
        outputs=_FIGURE,
    ),
    "draw_accuracy_against_bytes": Step(
        run="reproductions.ensemble_kd.drawing.bytes:draw_accuracy_against_bytes",
        params=AccuracyAgainstBytesParams,
        inputs={"separate": "rows", "bytes": "rows"},
        more_inputs="rows",
        outputs=_FIGURE,
    ),
    "draw_speed_up": Step(
        run="reproductions.ensemble_kd.drawing.speed:draw_speed_up",
        params=SpeedUpParams,
        inputs={"speed": "rows"},
        outputs=_FIGURE,
    ),
    "draw_gradients": Step(
        run="reproductions.ensemble_kd.drawing.gradients:draw_gradients",
        params=GradientsParams,
        more_inputs="rows",
        outputs=_FIGURE,
    ),
}
