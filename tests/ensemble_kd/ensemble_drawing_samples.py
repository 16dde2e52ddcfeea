"""Rows as the stages write them, of which the figures of the ensembles are drawn."""

from reproductions.ensemble_kd.drawing import accuracy, gradients, speed
from reproductions.ensemble_kd.drawing import bytes as sizes
from reproductions.ensemble_kd.params.drawing import AccuracyAgainstBytesParams

WIDTHS = (32, 8, 4, 2, 1)
MODES = ("plain", "simple", "progressive", "two-stage", "ensemble-teacher")
BYTES = AccuracyAgainstBytesParams(network="resnet")


def scores(system, seed, less=0.0):
    """Make a run's scores of one system, `less` below those of separate models."""
    return [
        {
            "system": system,
            "bits": bits,
            "accuracy": round(97 - 9 / bits**1.6 - less * (1 + 1 / bits) + seed / 10, 3),
        }
        for bits in WIDTHS
    ]


def norms(system, seed):
    """Make a run's gradient norms."""
    return [
        {
            "system": system,
            "epoch": epoch,
            "bits": bits,
            "norm": norm / epoch * (1 + seed / 9),
        }
        for epoch in (1, 2, 3)
        for bits, norm in zip(WIDTHS, (3.8, 52.7, 54.7, 33.5, 2.1), strict=True)
    ]


ALONE = {1: 52_000, 2: 71_000, 4: 115_000, 8: 205_000, 32: 741_000}
STORE, SHARED = 231_000, 781_000


def cost(form, bits, size, network="resnet"):
    """Make a row of the cost count."""
    return {"network": network, "form": form, "bits": bits, "bytes": size}


COSTS = [
    *(cost("float" if bits == 32 else "packed", bits, size) for bits, size in ALONE.items()),
    cost("separate", 32, 5 * 741_000),
    cost("shared", 32, SHARED),
    cost("store", 8, STORE),
    cost("float", 32, 44_000_000, "large"),
]
SPEED = [
    {"layer": layer, "bits": bits, "speed_up": value}
    for layer, values in {
        "56x56x64": (1.0, 0.71, 1.3, 3.2, 6.1),
        "7x7x512": (1.0, 1.4, 2.2, 6.3, 12.7),
        "whole network": (1.0, 0.5, 1.1, 2.1, 3.1),
    }.items()
    for bits, value in zip(WIDTHS, values, strict=True)
]


def pictures():
    """Draw every figure with all systems."""
    separate = [{"seed": seed, **row} for seed in (0, 1) for row in scores("separate", seed)]
    others = [
        {"seed": seed, **row}
        for at, mode in enumerate(MODES)
        for seed in (0, 1)
        for row in scores(mode, seed, at / 3)
    ]
    return {
        "bits": accuracy.picture(separate, others, ()),
        "bytes": sizes.picture(separate, others, COSTS, BYTES),
        "speed": speed.picture(SPEED),
        "gradients": gradients.picture([row for mode in MODES for row in norms(mode, 0)], ()),
    }
