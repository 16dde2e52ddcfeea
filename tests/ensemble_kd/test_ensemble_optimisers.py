"""How weights move: RAdam's fixture, and what the moving averages are."""

import numpy as np
import pytest

from reproductions.ensemble_kd.training.optimisers import Moving, move

RADAM = [0.995, 0.99, 0.985, 0.98, 0.975, 0.97474186, 0.97441455, 0.97402725]


def test_radam_follows_the_known_sequence():
    """From 1 under a constant gradient of .5, RAdam takes the first eight steps of BMXNet's."""
    weights, moving = np.ones(1, np.float32), Moving.begin(1, "radam")
    found = []
    for _ in RADAM:
        move("radam", weights, np.full(1, 0.5, np.float32), 0.01, 0.0, moving)
        found.append(float(weights[0]))

    assert found == pytest.approx(RADAM, abs=2e-7)
    assert moving.steps == len(RADAM)


@pytest.mark.parametrize("kind", ["radam", "adam", "sgd", "nag"])
def test_a_rate_of_nothing_moves_nothing(kind):
    """With a learning rate of 0 the weights stay, in single precision."""
    weights = np.linspace(-1, 1, 5, dtype=np.float32)
    kept, moving = weights.copy(), Moving.begin(5, kind)
    move(kind, weights, np.ones(5, np.float32), 0.0, 0.9, moving)

    assert weights.dtype == moving.first.dtype == np.float32
    np.testing.assert_array_equal(weights, kept)


def test_only_adaptive_rules_keep_squares():
    """Sgd and nag keep one moving average, adam and radam two."""
    sizes = {kind: Moving.begin(3, kind).second.size for kind in ("sgd", "nag", "adam", "radam")}

    assert sizes == {"sgd": 0, "nag": 0, "adam": 3, "radam": 3}
