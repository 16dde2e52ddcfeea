"""Export networks to LiteRT and hold them against Keras; run by tensorflow's Python.

For each network the bytes, the largest difference of an output from Keras and the share of images
or pixels with the same class, in both precisions, and the median time of one image on one thread,
are printed as JSON, by name. Weights are drawn, so that classes differ; images are noise.
"""

import json
from statistics import median

import keras
import numpy as np

from harness.formats.arrays import Array
from harness.spec.device import LitertHost
from reproductions.shunt.determinism import settle
from reproductions.shunt.export.comparison import export_all
from reproductions.shunt.latency import forward
from reproductions.shunt.models import build
from reproductions.shunt.params.export import Export
from reproductions.shunt.params.network import DeepLabV3, MobileNetV2, MobileNetV3
from reproductions.turns import sample_in_turns

NETWORKS = {
    "mobilenetv2": MobileNetV2(family="mobilenetv2", change_stride_layers=2),
    "mobilenetv3-small": MobileNetV3(family="mobilenetv3", size="small", change_stride_layers=2),
    "mobilenetv3-large": MobileNetV3(family="mobilenetv3", size="large", change_stride_layers=2),
    # The smallest image for the published pool.
    "deeplabv3": DeepLabV3(family="deeplabv3", image_height=385, image_width=385),
}
IMAGES, CALIBRATION = 8, 4
DEVICE = LitertHost(
    device="bench", says="One thread", kind="litert", threads=1, xnnpack=True,
    warm_up=3, samples=30, tolerance=0.5,
)  # fmt: skip


def sure(model: keras.Model) -> keras.Model:
    """Draw what a training would have changed, large enough for classes to differ."""
    random = np.random.Generator(np.random.PCG64(0))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            ends = ((0.5, 1.5), (-0.5, 0.5), (-0.1, 0.1), (0.5, 1.5))
            layer.set_weights([random.uniform(*one, layer.gamma.shape) for one in ends])
    last = [layer for layer in model.layers if layer.weights][-1]
    last.set_weights([20 * one for one in last.get_weights()])
    return model


def images(model: keras.Model, count: int, seed: int) -> Array:
    """Return noise as the model takes it."""
    random = np.random.Generator(np.random.PCG64(seed))
    return random.standard_normal((count, *model.input_shape[1:]), np.float32)


def main() -> None:
    """Export, compare and time every network."""
    settle()
    how, found = Export(tolerance=1.0), {}
    for name, network in NETWORKS.items():
        model = sure(build(network, 0))
        pictures = images(model, IMAGES, 1), images(model, CALIBRATION, 2)
        made = export_all({name: model}, pictures[1], pictures[0], lambda _classes: 0.0, how)
        calls = {
            each: forward(each, content.tobytes(), DEVICE, np.random.default_rng(0))
            for each, content in made.arrays.items()
        }
        taken = sample_in_turns(calls, DEVICE)
        for row, (each, times) in zip(made.rows, taken.items(), strict=True):
            found[each] = {**row, "ms": median(times) / 1e6}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
