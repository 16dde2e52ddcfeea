"""The registry."""

from harness.steps import Step
from reproductions.frameworks.params import NetworkTraining, OneStep

OUTPUTS = {"weights": "weights", "process": "record"}
TRAINED = {"weights": "weights", "history": "rows"}
STEPS = {
    "train_keras": Step(
        run="reproductions.frameworks.keras_layer:train", params=OneStep, outputs=OUTPUTS
    ),
    "train_gluon": Step(
        run="reproductions.frameworks.gluon_layer:train", params=OneStep, outputs=OUTPUTS
    ),
    "train_network": Step(
        run="reproductions.frameworks.gluon_network:train",
        params=NetworkTraining,
        inputs={"images": "arrays"},
        outputs=TRAINED,
    ),
    "train_keras_network": Step(
        run="reproductions.frameworks.keras_network:train",
        params=NetworkTraining,
        inputs={"images": "arrays"},
        outputs=TRAINED,
    ),
}
