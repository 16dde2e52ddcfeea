"""Rows, images and masks as the stages write them, of which the figures are drawn."""

import numpy as np

RESIDUAL = [at in {2, 4, 5, 7, 9, 10} for at in range(11)]
WHOLE = 17_507_328
NAMES = ["ground", "1", "2", "3"]
"""What the classes of the made-up masks are called."""


def quotient_rows(seed):
    """Make the quotients of single blocks and of one longer window."""
    single = [
        {"first": at, "last": at, "quotient": 0.4 / (at + 1) - 0.04 + seed / 100}
        if residual
        else {"first": at, "last": at, "quotient": None}
        for at, residual in enumerate(RESIDUAL)
    ]
    return [*single, {"first": 4, "last": 7, "quotient": 0.9}]


def choice(system, window, loss, macs, *, by="search", metric="macs"):
    """Make a row of a search's choices."""
    first, last = map(int, window.split("-")) if window else (None, None)
    return {
        "system": system,
        "chosen_by": by,
        "metric": metric,
        "first": first,
        "last": last,
        "window": window,
        "total_loss": loss,
        "macs": macs,
    }


CHOICES = [
    choice("macs-70", "4-5", 0.05, 12_000_000),
    choice("macs-70", "9-10", 0.05, 12_000_000),
    choice("macs-90", "9-10", 0.02, 15_000_000),
    choice("macs-10", None, None, None),
    choice("by-hand", "5-10", 0.3, 9_000_000, by="hand"),
    choice("by-hand", "5-10", 0.3, 9_000_000, by="hand", metric="parameters"),
]
FRONT = [
    {"metric": metric, "windows": windows, "macs": macs, "total_loss": loss}
    for metric in ("macs", "parameters")
    for windows, macs, loss in (
        ("none", WHOLE, 0.0),
        ("9-10", 15_000_000, 0.02),
        ("4-5 + 9-10", 12_000_000, 0.05),
    )
]


def score(system, windows, macs, value, distillation=None, **seed):
    """Make one row of scores."""
    about = {"system": system, "windows": windows, "distillation": distillation}
    return {**seed, **about, "macs": macs, "score": value}


def scores(seed):
    """Make the scores of a run."""
    more = seed / 10
    return [
        score("original", None, WHOLE, 93.0 + more),
        score("macs-90", "9-10", 15_000_000, 92.8 + more),
        score("macs-90", "9-10", 15_000_000, 92.9 - more, "dark knowledge"),
        score("macs-70", "4-5 + 9-10", 12_000_000, 92.0 + more),
        score("macs-70", "4-5 + 9-10", 12_000_000, 92.4 - more, "dark knowledge"),
        score("by-hand", "5-10", 9_000_000, 90.5 + more),
    ]


def masks():
    """Make two small images with their masks."""
    random = np.random.default_rng(0)
    truth = np.zeros((2, 12, 20), np.uint8)
    truth[:, 2:9, 3:9] = 2
    truth[:, 4:11, 12:18] = 3
    original = truth.copy()
    original[:, 2:4] = 0
    truth[:, 11] = 255
    images = random.integers(0, 256, (2, 12, 20, 3), dtype=np.uint8)
    final = np.where(original == 3, 1, original)
    return {"images": images, "truth": truth, "original": original, "final": final}


ABOUT = {"class_names": NAMES, "ignore": 255}
