"""The network as plain sums in float64, on quantised values and not on codes: what engines owe."""

import numpy as np

from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.codes import weight_codes
from reproductions.ensemble_kd.quantisation.member import resolve_all

SMALL = Network(width=0.125, image_size=8, image_channels=1)


def convolve(x, weights, stride, padding, groups=1, border=0.0):
    """Convolve x (batch, height, width, channels) with weights (outputs, inputs, k, k), float64."""
    x = np.pad(x.astype(float), [(0, 0), *[(padding, padding)] * 2, (0, 0)], constant_values=border)
    k = weights.shape[2]
    rows, columns = ((one - k) // stride + 1 for one in x.shape[1:3])
    total = np.zeros((len(x), rows, columns, len(weights)))
    for part, out in zip(
        np.split(np.arange(x.shape[3]), groups), np.split(np.arange(len(weights)), groups),
        strict=True,
    ):  # fmt: skip
        for r in range(k):
            for c in range(k):
                seen = x[:, r : r + stride * rows : stride, c : c + stride * columns : stride]
                seen = seen[:, :rows, :columns][..., part]
                total[..., out] += seen @ weights[out, :, r, c].T.astype(float)
    return total


def activation(x, method, bits):
    """Return the quantised activations and what stands for -1 in the border."""
    top = 2**bits - 1
    if method == "round":
        scaled = np.clip(x.astype(np.float32), 0, 1) * np.float32(top)
        return np.floor(scaled.astype(float) + 0.5) / top
    return {
        "det_sign": lambda: np.where(x >= 0, 1.0, -1.0),
        "relu": lambda: np.maximum(x, 0),
        "clip": lambda: np.clip(x, -1, 1),
        "identity": lambda: x,
    }[method]()


def weight(values, member):
    """Return the weights that a member convolves with, float64."""
    if member.weight_bits == 32:
        return values.astype(float)
    top = 2**member.weight_bits - 1
    return (2.0 * weight_codes(values, member.weight_bits) - top) / top


class Reference:
    """An ensemble with drawn values, and its answers in float64."""

    def __init__(self, network=SMALL, widths=(32, 8, 4, 2, 1), **quantisation):
        self.network, self.widths = network, widths
        self.quantisation = Quantisation(**quantisation)
        self.members = dict(zip(widths, resolve_all(widths, self.quantisation), strict=True))
        self.about = describe(network, rebuilt_input=self.quantisation.rebuilt_input)
        random = np.random.Generator(np.random.PCG64(0))
        self.values = initial_values(self.about, widths, tuple(self.members.values()), random)
        for name, one in self.values.items():
            drawn = {
                "mean": random.normal(0.1, 0.3, one.shape),
                "beta": random.normal(0.3, 0.3, one.shape),
                "gamma": random.uniform(0.3, 0.9, one.shape),
                "variance": random.uniform(0.5, 1.5, one.shape),
            }
            kind = name.rpartition(".")[2]
            if kind in drawn:
                self.values[name] = drawn[kind].astype(np.float32)
        self._settle(random)

    def _settle(self, random):
        """Give every normalisation the statistics of its input, as a training would."""
        size = self.network.image_size
        images = random.standard_normal((16, self.network.image_channels, size, size), np.float32)
        for bits in self.widths:
            self._answer(images, bits, settle=True)

    def answer(self, images, bits):
        """Return the logits, float64."""
        return self._answer(images, bits, settle=False)

    def _answer(self, images, bits, *, settle):
        member, about = self.members[bits], self.about

        def normalise(x, layer):
            name = f"bits{bits}.{layer.name}"
            if settle:
                self.values[f"{name}.mean"] = x.mean((0, 1, 2)).astype(np.float32)
                self.values[f"{name}.variance"] = x.var((0, 1, 2)).astype(np.float32)
            mean, variance = (self.values[f"{name}.{one}"] for one in ("mean", "variance"))
            scale = self.values[f"{name}.gamma"] if layer.scaled else 1.0
            scaled = (x - mean) / np.sqrt(variance + float(layer.epsilon)) * scale
            return scaled + self.values[f"{name}.beta"]

        def plain(x, layer):
            own = self.values[layer.weight]
            return convolve(x, own, layer.stride, layer.padding, layer.groups)

        def coded(x, layer):
            own = weight(self.values[layer.weight], member)
            border = -1.0 if self.quantisation.padding == "minus_one" else 0.0
            x = activation(x, member.activations, bits)
            sums = convolve(x, own, layer.stride, layer.padding, layer.groups, border)
            return (sums + layer.fan_in) / 2 if member.offset else sums

        x = normalise(images.transpose(0, 2, 3, 1).astype(float), about.input_of(
            widest=bits == max(self.widths)))  # fmt: skip
        for layer, own in about.stem.layers:
            x = plain(x, layer)
            x = np.maximum(normalise(x, own), 0) if own else x
        x = normalise(pooled(x) if about.stem.pooled else x, about.stem_normalisation)
        for block in about.blocks:
            around = x
            if block.shortcut:
                around = halved(x) if block.shortcut.pool else x
                convolution = block.shortcut.convolution
                around = (coded if convolution.quantised else plain)(around, convolution)
                around = normalise(around, block.shortcut.normalisation)
            x = normalise(coded(x, block.convolution), block.normalisation) + around
            if self.network.add_activation == "relu":
                x = np.maximum(x, 0)
            if self.network.add_activation in ("prelu", "elu"):
                slope = self.values.get(f"bits{bits}.{block.slope}", [1.0])[0]
                low = np.minimum(x, 0)
                below = np.expm1(low) if self.network.add_activation == "elu" else slope * low
                x = np.maximum(x, 0) + below
        features = np.maximum(x, 0).mean((1, 2))
        return features @ self.values["output.weight"].T.astype(float) + self.values["output.bias"]


def pooled(x):
    """Return the largest of 3x3 pixels, stride 2, padding 1."""
    x = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=-np.inf)
    rows, columns = ((one - 3) // 2 + 1 for one in x.shape[1:3])
    found = [
        [x[:, 2 * r : 2 * r + 3, 2 * c : 2 * c + 3].max((1, 2)) for c in range(columns)]
        for r in range(rows)
    ]
    return np.moveaxis(np.array(found), 2, 0)


def halved(x):
    """Return the means of 2x2 pixels."""
    rows, columns = (one // 2 for one in x.shape[1:3])
    found = [
        [x[:, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2].mean((1, 2)) for c in range(columns)]
        for r in range(rows)
    ]
    return np.moveaxis(np.array(found), 2, 0)
