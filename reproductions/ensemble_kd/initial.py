"""The first values of an ensemble, in NumPy, so that every framework starts from the same.

The distributions are MXNet's, whose names the command line has (thesis code):

==============  =========================  ==========================================
method          weights                    variance of a weight
==============  =========================  ==========================================
default         uniform, Xavier            (2 / mean of both fans) / 3
gaussian        normal, He                 2 / inputs of an output
msraprelu_avg   normal, He for PReLU       (2 / (1 + 0.25^2)) / mean of both fans
msraprelu_in    normal, He for PReLU       (2 / (1 + 0.25^2)) / inputs of an output
==============  =========================  ==========================================
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import Literal

import numpy as np

from reproductions.ensemble_kd.architecture.description import Description
from reproductions.ensemble_kd.architecture.layer import Shape
from reproductions.ensemble_kd.architecture.shapes import member_shapes
from reproductions.ensemble_kd.params.quantisation import FULL
from reproductions.ensemble_kd.quantisation.codes import Floats
from reproductions.ensemble_kd.quantisation.member import Member

Method = Literal["default", "gaussian", "msraprelu_avg", "msraprelu_in"]

ALPHA = 8.0
"""Where the clip level of PACT starts."""
ONE_BIT_ALPHA = 2.0
"""The same at one bit, where the only level above 0 begins at half of it.

From 8 on no activation reaches it at first: every map is constant, and normalising those lets the
gradients grow beyond all numbers.
"""
SLOPE = 0.25
"""Where the slope of PReLU starts (Gluon), and the one that `msraprelu_*` reckons with."""

_CONSTANTS = {
    "bias": 0.0,
    "gamma": 1.0,
    "beta": 0.0,
    "mean": 0.0,
    "variance": 1.0,
    "alpha": ALPHA,
    "shortcut_alpha": ALPHA,
    "slope": SLOPE,
}


def initial_values(
    description: Description,
    widths: Sequence[int],
    members: Sequence[Member],
    generator: np.random.Generator,
    method: Method = "gaussian",
) -> dict[str, Floats]:
    """Return the first values of an ensemble, float32, by canonical name.

    The shared weights are drawn in their order, and nothing else is drawn: they do not depend on
    which members there are.

    Parameters
    ----------
    widths, members
        Of the whole ensemble, in the same order.
    """
    values = {
        name: draw_weight(shape, generator, method) if name.endswith(".weight") else constant(name)
        for name, shape in description.shared().items()
    }
    values["output.bias"] = np.zeros(description.classes, np.float32)
    for bits, member in zip(widths, members, strict=True):
        values.update(private_values(description, member, widest=bits == max(widths)))
    return values


def private_values(description: Description, member: Member, *, widest: bool) -> dict[str, Floats]:
    """Return the first values of what `member` has for itself."""
    shapes = member_shapes(description, member, widest=widest)
    return {name: constant(name, shape, member.bits) for name, shape in shapes.items()}


def constant(name: str, shape: Shape = (), bits: int = FULL) -> Floats:
    """Return the first value of what is not drawn, by the last part of its canonical `name`.

    `bits` are those of the member that it belongs to.
    """
    part = name.rpartition(".")[2]
    first = ONE_BIT_ALPHA if bits == 1 and part.endswith("alpha") else _CONSTANTS[part]
    return np.full(shape, first, np.float32)


def draw_weight(shape: Shape, generator: np.random.Generator, method: Method) -> Floats:
    """Draw a weight of (outputs, inputs of a group, ...) in float64, and return it in float32."""
    area = prod(shape[2:])
    inputs, outputs = shape[1] * area, shape[0] * area
    mean = (inputs + outputs) / 2
    if method == "default":
        edge = sqrt(2 / mean)
        return generator.uniform(-edge, edge, shape).astype(np.float32)
    magnitude = 2.0 if method == "gaussian" else 2 / (1 + SLOPE**2)
    fan = mean if method == "msraprelu_avg" else inputs
    return (generator.standard_normal(shape) * sqrt(magnitude / fan)).astype(np.float32)
