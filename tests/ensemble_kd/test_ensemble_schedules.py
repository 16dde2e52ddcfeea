"""The learning rate of each step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reproductions.ensemble_kd.params.training import Cosine, Poly, Steps, Training
from reproductions.ensemble_kd.schedules import rate

COSINE, POLY = Cosine(kind="cosine"), Poly(kind="poly")


def rates(schedule, epochs=3, per_epoch=3, **more):
    """Return the rates of all steps of a training at 1."""
    training = Training(learning_rate=1.0, epochs=epochs, schedule=schedule, **more)
    return [rate(training, step, per_epoch) for step in range(epochs * per_epoch)]


@pytest.mark.parametrize("schedule", [COSINE, POLY])
def test_a_schedule_begins_whole_and_ends_at_nothing(schedule):
    """The first step has the whole rate and the last one exactly 0."""
    found = rates(schedule)

    assert (found[0], found[-1]) == (1.0, 0.0)
    assert sorted(found, reverse=True) == found


def test_one_less_than_the_steps_divides():
    """In the middle of nine steps half the way is gone: 4 of N = 8."""
    assert rates(COSINE)[4] == pytest.approx(0.5)
    assert rates(POLY)[4] == pytest.approx(0.25)
    assert rates(Poly(kind="poly", power=1.0))[1] == pytest.approx(7 / 8)


def test_steps_fall_at_the_start_of_epochs():
    """The rate is multiplied at the first step of each named epoch."""
    assert rates(Steps(kind="step", epochs=(1, 2), factor=0.5)) == [
        *[1.0] * 3,
        *[0.5] * 3,
        *[0.25] * 3,
    ]


def test_epochs_of_steps_are_counted_with_the_warmup():
    """A named epoch is one of the whole training."""
    found = rates(Steps(kind="step", epochs=(2,), factor=0.5), warmup_epochs=1)

    assert found[3:] == [*[1.0] * 3, *[0.5] * 3]


def test_the_published_factor_stops_the_training():
    """With the published default factor 0 nothing is learned after the first fall."""
    assert rates(Steps(kind="step", epochs=(1,), factor=0.0))[2:4] == [1.0, 0.0]


def test_the_warmup_rises_from_nothing():
    """The warm-up begins at 0, ends at the whole rate, and the schedule begins after it."""
    found = rates(COSINE, warmup_epochs=1)

    assert found[:4] == [0.0, 0.5, 1.0, 1.0]
    assert found[-1] == 0.0


def test_a_step_after_the_last_has_its_rate():
    """Beyond its end a schedule stays there."""
    training = Training(epochs=2, schedule=COSINE)

    assert rate(training, 100, 3) == rate(training, 5, 3) == 0.0


def test_one_step_alone_has_the_whole_rate():
    """A training of one step has no end to fall to."""
    assert rates(COSINE, epochs=1, per_epoch=1) == [1.0]


def test_a_warmup_of_one_step_has_no_rate():
    """A warm-up of one step alone stays at its beginning."""
    assert rates(COSINE, epochs=2, per_epoch=1, warmup_epochs=1) == [0.0, 1.0]


@pytest.mark.parametrize("warmup", [3, 4])
def test_a_warmup_that_leaves_no_epoch_is_refused(warmup):
    """A warm-up as long as the training is an error."""
    with pytest.raises(ValidationError, match="leaves none of 3"):
        rates(COSINE, warmup_epochs=warmup)


@given(
    schedule=st.sampled_from([COSINE, POLY, Steps(kind="step", epochs=(1, 4), factor=0.3)]),
    epochs=st.integers(1, 6),
    per_epoch=st.integers(1, 6),
    warmup=st.integers(0, 5),
)
def test_rates_stay_between_nothing_and_the_whole(schedule, epochs, per_epoch, warmup):
    """No rate is negative or more than the one given."""
    warmup = min(warmup, epochs - 1)

    assert all(0 <= one <= 1 for one in rates(schedule, epochs, per_epoch, warmup_epochs=warmup))
