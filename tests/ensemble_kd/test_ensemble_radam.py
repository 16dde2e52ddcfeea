"""The reference of rectified Adam."""

import numpy as np
import pytest

from reproductions.ensemble_kd import radam

EXPECTED = [0.995, 0.99, 0.985, 0.98, 0.975, 0.97474186, 0.97441455, 0.97402725]


def walk(gradients, weight=1.0, **more):
    """Return the weight after each gradient, at the rate 0.01."""
    weights, found = np.array([weight], np.float32), []
    moments = radam.start(weights)
    for step, gradient in enumerate(gradients, 1):
        pull = np.array([gradient], np.float32)
        weights, moments = radam.update(weights, pull, moments, step, 0.01, **more)
        found.append(float(weights[0]))
    return found


def test_the_published_walk():
    """A weight of 1 under the constant gradient 0.5 goes as BMXNet's goes."""
    assert walk([0.5] * 8) == pytest.approx(EXPECTED, abs=2e-7)


def test_five_steps_are_not_normalised():
    """The first five steps follow the mean gradient, the sixth divides by the square's root."""
    assert [radam.rectify(step).normalised for step in range(1, 8)] == [*[False] * 5, True, True]


def test_early_steps_grow_with_the_gradient():
    """Until it is normalised, a step is as large as its gradient."""
    one, ten = walk([0.5]), walk([5.0])

    assert 1 - ten[0] == pytest.approx(10 * (1 - one[0]), rel=1e-4)


def test_decay_is_added_to_the_gradient():
    """Weight decay of a weight of 1 is a gradient of the same size."""
    assert walk([0.0], weight_decay=0.5) == walk([0.5])


def test_the_type_stays():
    """Weights and moments stay float32."""
    weights = np.ones(3, np.float32)

    moved, moments = radam.update(weights, weights, radam.start(weights), 9, 0.01, 0.1)

    assert {moved.dtype, moments.mean.dtype, moments.square.dtype} == {np.dtype(np.float32)}
