"""What MXNet and PyTorch are both asked, from the same numbers; without a framework.

`Case` names one question; a framework's half answers it with the arrays that `parts` name, each
with its tolerance: the largest difference over the largest magnitude, 0 where all numbers must be
equal. Where whole networks quantise, another rounding can move a number across the border of two
codes, and everything after it moves: there `Norm` is the tolerance, of the norm of all differences.
In double precision nothing moves, and whole networks agree too.
"""

import argparse
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import PUBLISHED, Quantisation
from reproductions.ensemble_kd.params.teaching import Attention, Teaching
from reproductions.ensemble_kd.params.training import Cosine, Poly, Steps, Training
from reproductions.ensemble_kd.quantisation.member import Member, resolve, resolve_all
from reproductions.ensemble_kd.training.sources import sources_of

CLOSE = 5e-6
"""A few roundings of float32."""

WIDTHS = (32, 8, 4, 2, 1)
PLAIN = Member(32, "identity", 32, "identity", 32, None, offset=False)


class Norm(float):
    """The tolerance of the norm of all differences over the norm of all numbers."""


@dataclass(frozen=True)
class Case:
    """One question: which method of a framework's half, with what, and the parts of the answer."""

    name: str
    kind: str
    parts: dict = field(hash=False)
    asked: dict = field(hash=False, default_factory=dict)


def draw(name, *shape):
    """Return numbers that `name` alone decides, float32."""
    seed = int.from_bytes(name.encode(), "little") % 2**63
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def activations():
    """Return a map (4, 3, 6, 6) with the places where quantisers change."""
    edges = [0, -0.0, 1, -1, 0.5, -0.5, 1.3, -1.3, 0.6, -0.3, 1 / 6, 5 / 6, 1.2, -0.2, 8, 9]
    x = draw("activations", 4, 3, 6, 6)
    x.reshape(-1)[: len(edges)] = edges
    return x


def weights():
    """Return a weight (6, 3, 3, 3), signed zeros in it."""
    w = 0.5 * draw("weights", 6, 3, 3, 3)
    w.reshape(-1)[:2] = [0, -0.0]
    return w


def member(activation, bits, cancel=None):
    """Return a member whose activations are asked for without the table of fallbacks."""
    return Member(bits, "identity", 32, activation, bits, cancel, offset=False)


def _activations():
    kinds = [(name, 32) for name in ("identity", "relu", "clip", "leaky_clip")]
    kinds += [(name, 1) for name in ("det_sign", "approx_sign")]
    kinds += [("round", bits) for bits in range(1, 9)] + [("pact", bits) for bits in range(1, 9)]
    kinds += [("dorefa", bits) for bits in range(2, 9)]
    for (name, bits), cancel in product(kinds, (None, 0.5, 1.3)):
        parts = {"value": 0, "gradient": CLOSE}
        if name == "pact":
            parts["alpha"] = 1e-5
        title = f"activation.{name}.{bits}.cancel={cancel}"
        yield Case(title, "activation", parts, {"member": member(name, bits, cancel)})


def _cancelling():
    for threshold in (0.01, 0.1, 0.5, 1.0, 1.3, 2.0):
        parts = {"value": 0, "gradient": 0}
        yield Case(f"cancel.{threshold}", "cancel", parts, {"threshold": threshold})


def _weights():
    for bits, detach in product((32, *range(1, 9)), (True, False)):
        asked = {"member": resolve(bits, Quantisation()), "detach": detach}
        title = f"weights.{bits}.detach={detach}"
        yield Case(title, "weights", {"value": 0, "gradient": CLOSE}, asked)


def _convolutions():
    for bits, padding, ones in product(WIDTHS, ("zero", "minus_one"), ("as_asked", "det_sign")):
        if ones == "det_sign" and bits != 1:
            continue
        asked = Quantisation(padding=padding, one_bit_activations=ones)
        yield _convolution(f"{bits}.{padding}.{ones}", bits, asked)
    for method in ("pact", "dorefa", "approx_sign"):
        for bits in (4, 1):
            asked = Quantisation(activations=method, padding="minus_one")
            yield _convolution(f"{bits}.{method}", bits, asked)
    for scaling in ("xnor", "binet"):
        yield _convolution(f"1.{scaling}", 1, Quantisation(scaling=scaling))
    for bits in (4, 1):
        yield _convolution(f"{bits}.full_weights", bits, Quantisation(full_weights=True))


def _convolution(title, bits, asked):
    chosen = resolve(bits, asked)
    # Sums of whole numbers are exact, whatever adds them up.
    exact = chosen.weight_bits < 32 and chosen.activations != "pact" and asked.scaling == "none"
    parts = {"value": 0 if exact else CLOSE, "gradient": CLOSE, "weight": 1e-5}
    return Case(f"convolution.{title}", "convolution", parts, {"member": chosen, "asked": asked})


def _losses():
    grid = product(
        ("none", "simple", "progressive"), (False, True), (True, False), ("sum", "mean"),
        (1.0, 2.5), (0.0, 0.5),
    )  # fmt: skip
    for mode, outside, detach, reduction, temperature, alpha in grid:
        if (mode == "simple" and not outside) or (mode == "none" and (outside or alpha)):
            continue
        teaching = Teaching(
            mode=mode, detach=detach, reduction=reduction, temperature=temperature, alpha=alpha
        )
        sources = sources_of(WIDTHS, mode, outside=outside)
        title = f"loss.{mode}.outside={outside}.{detach=}.{reduction}.{temperature}.{alpha}"
        yield _loss(title, teaching, sources)
    for labelled, mode in product((True, False), ("simple", "progressive")):
        sources = sources_of(WIDTHS, mode, internal=True, labelled=labelled)
        title = f"loss.{mode}.internal.{labelled=}"
        yield _loss(title, Teaching(mode=mode, internal_labels=labelled), sources)


def _loss(title, teaching, sources):
    parts = {"value": CLOSE, "gradient": CLOSE}
    return Case(title, "loss", parts, {"teaching": teaching, "sources": sources})


def _attention():
    for axis in ("channels", "width"):
        asked = {"attention": Attention(axis=axis, weight=1.5)}
        yield Case(f"attention.{axis}", "attention", {"value": CLOSE, "gradient": 1e-5}, asked)


def _rates():
    schedules = {
        "cosine": Cosine(kind="cosine"),
        "poly": Poly(kind="poly"),
        "step": Steps(kind="step", epochs=(2, 3), factor=0.5),
    }
    for (name, schedule), warmup in product(schedules.items(), (0, 1)):
        how = Training(epochs=5, schedule=schedule, warmup_epochs=warmup)
        yield Case(f"rate.{name}.{warmup=}", "rates", {"value": 0}, {"how": how})


def _optimisers():
    for kind in ("radam", "adam", "sgd", "nag"):
        yield Case(f"optimiser.{kind}", "optimiser", {"value": 0}, {"kind": kind})


def _networks():
    small = {"width": 0.125, "image_size": 8, "image_channels": 1}
    large = {**small, "image_size": 64}
    kinds = {
        "corrected": (Network(**small), Quantisation(), WIDTHS),
        "published": (Network(**small), Quantisation(**PUBLISHED), WIDTHS),
        "pact": (Network(**small), Quantisation(activations="pact"), WIDTHS),
        "relu": (Network(**small, add_activation="relu"), Quantisation(), WIDTHS),
        "prelu": (Network(**small, add_activation="prelu"), Quantisation(), WIDTHS),
        "quantised_shortcuts": (
            Network(**small, shortcut_full_precision=False, shortcut_pool=False, shortcut_groups=2),
            Quantisation(one_bit_activations="det_sign"),
            WIDTHS,
        ),
        "imagenet": (Network(**large, stem="imagenet"), Quantisation(), (4, 1)),
    }
    parts = {"predicted": Norm(0.01), "trained": Norm(0.2), "statistics": Norm(0.01)}
    parts |= {"gradient": Norm(0.5)}
    for name, (network, asked, widths) in kinds.items():
        given = {"network": network, "asked": asked, "widths": widths}
        yield Case(f"network.{name}", "network", parts | _doubled(network), given)
    # Nothing is rounded here, so that nothing can move far.
    parts = dict.fromkeys(("predicted", "trained", "statistics"), 1e-5) | {"gradient": 1e-4}
    for clip, added in product((True, False), ("", "prelu", "elu")):
        given = {
            "network": Network(**small, add_activation=added),
            "asked": Quantisation(identity_clip=clip, cancel_full=clip),
            "widths": (32,),
        }
        whole = parts | _doubled(given["network"])
        yield Case(f"network.full.{clip=}.{added}", "network", whole, given)
    for stem in ("imagenet", "grouped_stem"):
        given = {"network": Network(**large, stem=stem), "asked": Quantisation(), "widths": (32,)}
        whole = parts | _doubled(given["network"])
        yield Case(f"network.full.{stem}", "network", whole, given)


def _doubled(network):
    # MXNet multiplies by the slope of prelu in single precision whatever the arrays are.
    return {"doubled": CLOSE if network.add_activation == "prelu" else 1e-11}


def _trainings():
    taught = Teaching(mode="progressive")
    released = Teaching(mode="progressive", alpha=0.0, detach=False, reduction="mean")
    whole = Training(epochs=2, learning_rate=0.002, weight_decay=1e-3)
    # Slow, as a code that moves makes the widths' ways part.
    kinds = {
        "full": ((32,), Teaching(), whole, 1e-3),
        "full.sgd": ((32,), Teaching(), _slowly(0.002, optimiser="sgd"), 1e-3),
        "progressive": (WIDTHS, taught, _slowly(1e-7), 0.03),
        "published": (WIDTHS, released, _slowly(1e-5, optimiser="sgd"), 0.03),
        "weighted": (WIDTHS, Teaching(), _slowly(1e-7, member_weights=(1, 1, 2, 1, 3)), 0.03),
    }
    for name, (widths, teaching, how, tolerance) in kinds.items():
        given = {"widths": widths, "teaching": teaching, "how": how}
        yield Case(f"training.{name}", "training", {"losses": tolerance}, given)


def _slowly(rate, **fields):
    return Training(epochs=2, learning_rate=rate, **fields)


CASES = [
    *_cancelling(), *_activations(), *_weights(), *_convolutions(), *_losses(), *_attention(),
    *_rates(), *_optimisers(), *_networks(), *_trainings(),
]  # fmt: skip


def ensemble_of(network, asked, widths):
    """Return what the constructor of either ensemble takes."""
    description = describe(network, rebuilt_input=asked.rebuilt_input)
    members = resolve_all(widths, asked)
    values = initial_values(description, widths, members, np.random.default_rng(5))
    return description, members, asked, values


def answer(half):
    """Answer all cases by the methods of `half`, into the file that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    found = {}
    for case in CASES:
        parts = getattr(half, case.kind)(**case.asked)
        found |= {f"{case.name}:{part}": np.asarray(value) for part, value in parts.items()}
    np.savez(parser.parse_args().out, **found)
