import io
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.epochs import Planned, train


def run(path=None):
    """Return the run of a stage that keeps its checkpoint at `path`."""
    return Run("paper", "stage", 0, Checkpoint(path), Progress("paper/stage", io.StringIO()))


@dataclass
class Walk:
    """A random walk with a momentum; the best epoch is the one that went farthest."""

    name: str
    run: Run
    start: float
    place: float = 0.0
    speed: float = 0.0
    rows: list = field(default_factory=list)

    def resume(self, state, history):
        """Take up place, speed and the rows of its own."""
        self.place, self.speed = float(state["place"][0]), float(state["speed"][0])
        self.rows = [row for row in history if row["walk"] == self.name]

    def epoch(self, number):
        """Go on by a step that depends on the number and on all steps before."""
        drawn = self.run.generator(self.name, number).integers(-3, 4)
        self.speed = self.speed / 2 + float(drawn)
        self.place += self.speed
        row = {"walk": self.name, "epoch": number, "place": self.place + self.start}
        self.rows.append(row)
        return [row]

    def is_best(self):
        """Tell whether it was never farther."""
        reached = [round(row["place"]) for row in self.rows]
        return reached[-1] == max(reached)

    def weights(self):
        """Return the place, and what the walk began with."""
        return {"place": np.array([self.place]), "start": np.array([self.start])}

    def state(self):
        """Return what the next step depends on."""
        return {"place": np.array([self.place]), "speed": np.array([self.speed])}

    def note(self):
        """Say where it is."""
        return f"{self.place:.2f}"


def walk(name, one, done):
    """Begin where the walks before it ended, all together."""
    return Walk(name, one, sum((float(weights["place"][0]) for weights in done.values()), 0.0))


def walks(lengths, one):
    """Return a walk of each length."""
    return [
        Planned(f"walk{place}", length, partial(walk, f"walk{place}", one))
        for place, length in enumerate(lengths)
    ]


def found(lengths, one, **about):
    """Train walks of these lengths; return all that they gave, as text."""
    trained = train(walks(lengths, one), one, **about)
    weights = {
        name: {key: value.tolist() for key, value in sorted(best.items())}
        for name, best in trained.weights.items()
    }
    return repr((sorted(weights.items()), trained.history)), trained.finished


LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@given(LENGTHS, st.lists(st.integers(0, 16), max_size=5))
def test_stops_change_nothing(lengths, stops):
    """However often and wherever a stage is stopped, it ends with what it gives in one go."""
    whole, finished = found(lengths, run())
    assert finished
    with tempfile.TemporaryDirectory() as folder:
        one = run(Path(folder) / "checkpoint")
        for stop in stops:
            reached = one.checkpoint.load()
            _, finished = found(lengths, one, stop_after=stop)
            assert finished == (max(stop, reached.done if reached else 0) >= sum(lengths))

        assert found(lengths, one) == (whole, True)


class KilledError(Exception):
    """The stage was killed."""


@given(LENGTHS, st.data())
def test_a_kill_after_an_epoch_changes_nothing(lengths, data):
    """Killed when the checkpoint has just been written, a stage goes on from it."""
    whole = found(lengths, run())
    last = data.draw(st.integers(1, sum(lengths)))
    seen = []

    def kill(epoch):
        seen.append(epoch)
        if len(seen) == last:
            raise KilledError

    with tempfile.TemporaryDirectory() as folder:
        one = run(Path(folder) / "checkpoint")
        with pytest.raises(KilledError):
            found(lengths, one, watch=kill)
        assert one.checkpoint.load().done == last

        assert found(lengths, one) == whole


def test_an_epoch_that_fails_leaves_the_one_before(tmp_path):
    """What ends an epoch early leaves the checkpoint of the epoch before."""
    one = run(tmp_path / "checkpoint")

    class Short(Walk):
        def epoch(self, number):
            if number == 2:
                raise HarnessError("no number any more", "lower the learning rate")
            return super().epoch(number)

    plan = [Planned("walk0", 4, lambda _: Short("walk0", one, 0.0))]
    with pytest.raises(HarnessError, match="no number any more"):
        train(plan, one)

    assert one.checkpoint.load().done == 2
    assert found([4], one) == found([4], run())


def test_a_finished_training_is_not_begun_again(tmp_path):
    """A checkpoint of all epochs gives what they gave, and a stage that is whole writes nothing."""
    one = run(tmp_path / "checkpoint")
    whole = found([2, 3], one)
    before = one.checkpoint.path.stat().st_mtime_ns
    plan = [
        Planned(before.name, before.epochs, lambda _: pytest.fail("begun again"))
        for before in walks([2, 3], one)
    ]
    trained = train(plan, one)

    assert trained.finished
    assert repr(trained.history) in whole[0]
    assert one.checkpoint.path.stat().st_mtime_ns == before


def test_the_last_of_equally_good_epochs_is_kept():
    """A later epoch that is as good as the best so far takes its place."""

    class Scripted(Walk):
        def epoch(self, number):
            self.place = [5.0, 7.0, 7.1, 6.0][number]
            self.rows.append({"walk": self.name, "place": self.place})
            return self.rows[-1:]

    one, seen = run(), []
    plan = [Planned("scripted", 4, lambda _: Scripted("scripted", one, 0.0))]
    trained = train(plan, one, seen.append)

    assert trained.weights["scripted"]["place"].tolist() == [7.1]
    assert [epoch.best for epoch in seen] == [True, True, True, False]
    assert [epoch.number for epoch in seen] == [1, 2, 3, 4]


def test_a_later_training_is_given_the_earlier_ones_best():
    """What a training begins with is the best of those before it, and not their last."""
    given_to = []
    one = run()

    def begin(name, done):
        given_to.append({key: float(value["place"][0]) for key, value in done.items()})
        return Walk(name, one, 0.0)

    plan = [Planned(name, 3, partial(begin, name)) for name in ("a", "b")]
    trained = train(plan, one)

    assert given_to == [{}, {"a": float(trained.weights["a"]["place"][0])}]
