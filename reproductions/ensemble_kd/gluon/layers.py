"""The layers of one member, for arrays and symbols of MXNet alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reproductions.ensemble_kd.architecture.description import private_name
from reproductions.ensemble_kd.architecture.layer import (
    MOMENTUM,
    Block,
    Convolution,
    Normalisation,
    Stem,
)
from reproductions.ensemble_kd.gluon.quantisers import (
    Coded,
    Precision,
    activate,
    det_sign,
    weight_codes,
)
from reproductions.ensemble_kd.params.network import AddedActivation
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import Member


@dataclass(frozen=True)
class Layers:
    """The layers of one member; maps are (B, C, H, W).

    Parameters
    ----------
    f
        mxnet.nd or mxnet.sym.
    values
        All parameters by canonical name.
    places
        Where the weights that DoReFa quantises lie between its levels, by canonical name: the
        costly half of the quantiser, which is the same at every width.
    """

    f: Any
    values: Mapping[str, Any]
    places: Mapping[str, Any]
    member: Member
    quantisation: Quantisation
    precision: Precision = "float32"

    def normalise(self, x: Any, layer: Normalisation) -> Any:
        """Normalise `x` over the batch; in predicting by the running statistics."""
        if layer.scaled:
            scale = self._own(f"{layer.name}.gamma")
        else:
            scale = self.f.ones(layer.channels, dtype=self.precision)
        others = (self._own(f"{layer.name}.{name}") for name in ("beta", "mean", "variance"))
        return self.f.BatchNorm(
            x,
            scale,
            *others,
            eps=layer.epsilon,
            momentum=MOMENTUM,
            fix_gamma=not layer.scaled,
        )

    def stem(self, x: Any, layers: Stem) -> Any:
        """Return the first map of normalised images."""
        for layer, normalisation in layers.layers:
            x = self._convolve(x, self.values[layer.weight], layer, layer.padding)
            if normalisation is not None:
                x = self.f.relu(self.normalise(x, normalisation))
        if layers.pooled:
            x = self.f.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max")
        return x

    def block(self, x: Any, layer: Block, added: AddedActivation) -> tuple[Any, list[Any]]:
        """Return the block's map and what its quantised convolutions gave, in their order."""
        body = self.quantised(x, layer.convolution)
        maps, around = [body], x
        if layer.shortcut is not None:
            convolution = layer.shortcut.convolution
            around = self._halved(x) if layer.shortcut.pool else x
            if convolution.quantised:
                around = self.quantised(around, convolution)
                maps.append(around)
            else:
                around = self._convolve(around, self.values[convolution.weight], convolution)
            around = self.normalise(around, layer.shortcut.normalisation)
        together = self.normalise(body, layer.normalisation) + around
        return self._activated(together, layer, added), maps

    def quantised(self, x: Any, layer: Convolution) -> Any:
        """Quantise map and weights, convolve, and bring the sums of codes to their scale.

        With weights of one bit the sum h of n products becomes (h + n) / 2, the count of equal
        signs, or is scaled by the mean magnitudes of what was quantised.
        """
        alpha = self._own(layer.alpha) if self.member.activations == "pact" else None
        inputs = activate(self.f, x, self.member, alpha, self.precision)
        weight = self._weight(layer)
        padded, padding = self._padded(inputs, layer.padding)
        sums = self._convolve(padded, weight.codes, layer, padding)
        if inputs.divisor * weight.divisor == 1 and not self.member.offset:
            return sums
        # MKLDNN orders a convolution's channels as it likes. What is computed in place keeps that
        # order, and normalisation then rounds otherwise than where it is not, as in plain calls.
        sums = self.f.reshape(sums, shape=(0, 0, 0, 0))
        if inputs.divisor * weight.divisor != 1:
            sums = sums / (inputs.divisor * weight.divisor)
        if not self.member.offset:
            return sums
        if self.quantisation.scaling != "none":
            return self._scaled(sums, x, layer)
        return (sums + layer.fan_in) / 2

    def answer(self, x: Any, classes: int) -> Any:
        """Return the logits (B, classes) of the last block's map."""
        mean = self.f.Pooling(self.f.relu(x), global_pool=True, kernel=(1, 1), pool_type="avg")
        weight, bias = self.values["output.weight"], self.values["output.bias"]
        return self.f.FullyConnected(mean, weight, bias, num_hidden=classes)

    def _own(self, name: str) -> Any:
        return self.values[private_name(self.member.bits, name)]

    def _weight(self, layer: Convolution) -> Coded:
        name, method = layer.weight, self.member.weights
        if method == "dorefa":
            bits = self.member.weight_bits
            return weight_codes(self.f, self.places[name], bits, self.precision)
        weight = self.values[name]
        return Coded(det_sign(self.f, weight) if method == "det_sign" else weight, 1)

    def _padded(self, inputs: Coded, padding: int) -> tuple[Any, int]:
        """Return the map, and how many pixels of zeros the convolution still has to put around."""
        if not padding or self.quantisation.padding == "zero":
            return inputs.codes, padding
        around = (0, 0, 0, 0, *(padding,) * 4)
        padded = self.f.pad(
            inputs.codes, mode="constant", pad_width=around, constant_value=-inputs.divisor
        )
        return padded, 0

    def _convolve(self, x: Any, weight: Any, layer: Convolution, padding: int = 0) -> Any:
        return self.f.Convolution(
            x,
            weight,
            kernel=(layer.kernel, layer.kernel),
            stride=(layer.stride, layer.stride),
            pad=(padding, padding),
            num_filter=layer.out_channels,
            num_group=layer.groups,
            no_bias=True,
        )

    def _scaled(self, sums: Any, x: Any, layer: Convolution) -> Any:
        """Scale sums of signs by mean |w| of each output; for `xnor` also by the mean |x| around.

        Only binet's scale has a gradient.
        """
        f, quantisation = self.f, self.quantisation
        weight = f.abs(self.values[layer.weight])
        scale = f.reshape(f.mean(weight, axis=0, exclude=True), shape=(1, -1, 1, 1))
        if quantisation.scaling == "binet":
            return f.broadcast_mul(sums, scale)
        magnitude = f.mean(f.abs(x), axis=1, keepdims=True)
        around = f.Pooling(
            magnitude,
            kernel=(layer.kernel, layer.kernel),
            stride=(layer.stride, layer.stride),
            pad=(layer.padding, layer.padding),
            pool_type="avg",
        )
        return f.broadcast_mul(f.broadcast_mul(sums, f.BlockGrad(scale)), f.BlockGrad(around))

    def _halved(self, x: Any) -> Any:
        return self.f.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg")

    def _activated(self, x: Any, layer: Block, added: AddedActivation) -> Any:
        if not added:
            return x
        if added == "relu":
            return self.f.relu(x)
        slope = (self._own(layer.slope),) if added == "prelu" else ()
        return self.f.LeakyReLU(x, *slope, act_type=added, **({} if slope else {"slope": 1.0}))
