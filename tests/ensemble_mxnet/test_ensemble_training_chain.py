"""Who teaches whom: teachers frozen, trained along, ensembles, members and teachers' own."""

import ensemble_training_samples as samples
import numpy as np
import pytest

from harness.errors import HarnessError
from reproductions.ensemble_kd.gluon.teachers import build_teacher
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.teaching import PUBLISHED, Attention, Teaching
from reproductions.ensemble_kd.training.building import compiled
from reproductions.ensemble_kd.training.course import Course
from reproductions.ensemble_kd.training.learner import Chain, Learner, check_classes

SIMPLE = Teaching(mode="simple")
HOW = samples.training(epochs=1)


def single(how=None, name="teacher", seed=9, **fields):
    """Return a teacher that is no ensemble."""
    network = build_teacher("resnet_e1", 3, 8, 1, 0.125, np.random.default_rng(seed))
    return Learner(name, compiled(network), (32,), training=how, **fields)


def after(*chain, **fields):
    """Return the values of all networks of a chain before and after an epoch, and its rows."""
    before = {one.name: one.values() for one in chain}
    course = Course(samples.job(lambda: chain, HOW, **fields))
    rows, norms = course.epoch(0, np.random.default_rng(0))
    return before, {one.name: one.values() for one in chain}, rows, norms


@pytest.mark.parametrize("predicts", [True, False])
@pytest.mark.parametrize("mode", ["simple", "progressive"])
def test_a_frozen_teacher_stays_as_it_is(mode, predicts):
    """No value of a frozen teacher changes, in predict mode and, as published, in train mode."""
    how = Teaching(mode=mode, teacher_predicts=predicts)
    before, now, rows, _ = after(samples.ensemble(how=HOW, teaching=how), single())

    assert samples.same(before["teacher"], now["teacher"])
    assert not samples.same(before["ensemble"], now["ensemble"])
    assert {row["learner"] for row in rows} == {"ensemble"}


def test_train_mode_of_a_frozen_teacher_gives_other_targets():
    """A teacher that normalises by the batch teaches something else than one that predicts."""
    found = [
        after(samples.ensemble(how=HOW, teaching=how), single())[1]["ensemble"]
        for how in (SIMPLE, Teaching(mode="simple", teacher_predicts=False))
    ]

    assert not samples.same(*found)


def test_a_teacher_along_learns_as_if_alone():
    """A teacher that is trained along has its own optimiser and rate, and no pull of its pupil."""
    its = samples.training(epochs=1, optimiser="sgd", learning_rate=0.1, weight_decay=1e-4)
    _, now, rows, _ = after(samples.ensemble(how=HOW, teaching=SIMPLE), single(its))
    before, alone, _, _ = after(single(its), target_bits=32)

    assert samples.same(alone["teacher"], now["teacher"])
    assert not samples.same(before["teacher"], now["teacher"])
    assert [(row["learner"], row["bits"]) for row in rows] == [
        ("ensemble", 32), ("ensemble", 4), ("ensemble", 1), ("teacher", 32)
    ]  # fmt: skip


def test_the_teacher_can_learn_ahead():
    """In the epochs ahead only the teacher learns, at every batch."""
    pupil, teacher = samples.ensemble(how=HOW, teaching=SIMPLE), single(HOW)
    before, now, rows, norms = after(pupil, teacher, ahead=1, gradients=True)

    assert samples.same(before["ensemble"], now["ensemble"])
    assert not samples.same(before["teacher"], now["teacher"])
    assert [row["learner"] for row in rows] == ["teacher"]
    assert norms == []


def test_an_ensemble_teaches_by_width():
    """Each member learns from the teacher's of the same width, or all from one alone."""
    wide = Chain([samples.ensemble(teaching=SIMPLE), samples.ensemble("teacher", (1, 4, 32))])
    one = Chain([samples.ensemble(teaching=SIMPLE), samples.ensemble("teacher", (4,))])

    assert wide.links[0].teachers == {0: 2, 1: 1, 2: 0}
    assert one.links[0].teachers == {0: 0, 1: 0, 2: 0}


def test_a_width_without_teacher_is_refused():
    """A member whose width the ensemble teacher has not is named; only progressive spares it."""
    teacher = samples.ensemble("teacher", (32, 4))
    with pytest.raises(HarnessError, match=r"of 1 bits has no teacher.* 32, 4 bits"):
        Chain([samples.ensemble(teaching=SIMPLE), teacher])

    Chain([samples.ensemble(teaching=Teaching(mode="progressive")), teacher])


def test_the_widest_member_teaches():
    """An internal teacher learns from labels, and as published from nothing."""
    for how, moves in ((SIMPLE, True), (Teaching(mode="simple", internal_labels=False), False)):
        chain = [samples.ensemble(how=HOW, teaching=how, internal=True)]
        before, now, _, _ = after(*chain)
        name = "bits32.stage1.block1.bn.gamma"

        moved = before["ensemble"][name].tobytes() != now["ensemble"][name].tobytes()
        assert moved == moves


@pytest.mark.parametrize("frozen", [True, False])
def test_a_teacher_has_a_teacher(frozen):
    """The teacher's teacher teaches the teacher, frozen or trained along too."""
    full = Quantisation(full_weights=True)

    def chain(above):
        teacher = samples.ensemble("teacher", how=HOW, teaching=SIMPLE, quantisation=full, seed=3)
        return [samples.ensemble(how=HOW, teaching=SIMPLE), teacher, above]

    before, now, rows, _ = after(*chain(single(None if frozen else HOW, "teacher_t")))
    _, other, _, _ = after(*chain(single(None if frozen else HOW, "teacher_t", seed=4)))

    assert samples.same(before["teacher_t"], now["teacher_t"]) == frozen
    assert not samples.same(now["teacher"], other["teacher"])
    names = ["ensemble", "teacher"] + ["teacher_t"] * (not frozen)
    assert list(dict.fromkeys(row["learner"] for row in rows)) == names


@pytest.mark.parametrize("axis", ["channels", "width"])
def test_attention_is_matched_with_an_ensemble_teacher(axis):
    """Matching of attention maps changes what is learned, compiled as without it."""
    full = Quantisation(full_weights=True)
    found = []
    for attention in (None, Attention(axis=axis), Attention(axis=axis, bits=32)):
        how = Teaching(mode="simple", attention=attention)
        teacher = samples.ensemble("teacher", quantisation=full, seed=3)
        chain = [samples.ensemble(how=HOW, teaching=how), teacher]
        before, now, _, _ = after(*chain)
        assert samples.same(before["teacher"], now["teacher"])
        found.append(now["ensemble"])

    assert not samples.same(found[0], found[1])
    assert not samples.same(found[1], found[2])


def test_attention_needs_maps():
    """A teacher without feature maps is refused for attention matching."""
    how = Teaching(mode="simple", attention=Attention())
    with pytest.raises(HarnessError, match="'teacher' is a single network"):
        Chain([samples.ensemble(teaching=how), single()])


def test_published_teaching_trains():
    """All published forms together train, with finite losses."""
    how = Teaching(mode="progressive", **PUBLISHED)
    _, _, rows, _ = after(samples.ensemble(how=HOW, teaching=how), single())

    assert all(np.isfinite(row["loss"]) for row in rows)


def test_a_teacher_of_other_classes_is_named():
    """A teacher with other classes than the ensemble is refused, with both numbers."""
    check_classes(single().values(), 3, "x")
    with pytest.raises(HarnessError, match=r"in x tells 3 classes apart.* teach 10"):
        check_classes(single().values(), 10, "x")
