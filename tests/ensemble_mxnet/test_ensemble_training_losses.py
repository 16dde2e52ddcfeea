"""The losses of the members, the attention maps, and the optimisers beside MXNet's own."""

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd

from reproductions.ensemble_kd.params.teaching import PUBLISHED, Teaching
from reproductions.ensemble_kd.training.attention import attention_map, matching_loss
from reproductions.ensemble_kd.training.losses import cross_entropy, member_losses, soft_loss
from reproductions.ensemble_kd.training.optimisers import Moving, move
from reproductions.ensemble_kd.training.sources import sources_of

WIDTHS = (32, 4, 1)
LOGITS = [[[2.0, 0, -1]], [[1.0, 1, 0]], [[0, 0.5, 0]]]
TEACHER = nd.array([[3.0, 0, 0]])
LABEL = nd.array([0])


def losses(mode, outside=False, logits=None, widths=WIDTHS, internal=False, **fields):
    """Return the losses of the fixture's members as a list."""
    teaching = Teaching(mode=mode, **fields)
    sources = sources_of(
        widths, mode, outside=outside, internal=internal, labelled=teaching.internal_labels
    )
    lesson = [TEACHER if outside else None] * len(widths)
    found = nd.array(LOGITS) if logits is None else logits
    return member_losses(found, LABEL, lesson, teaching, sources)


def numbers(found):
    """Return losses (N, 1) as a list."""
    return found.asnumpy()[:, 0].tolist()


CE = [0.169846, 0.861995, 1.294377]
SIMPLE = [0.029645, 0.540679, 0.905144]
PROGRESSIVE = [0.029645, 0.379738, 0.065860]


def test_labels_alone():
    """Without distillation each member has the cross entropy of its own answer."""
    assert numbers(losses("none")) == pytest.approx(CE, abs=3e-6)


@pytest.mark.parametrize(("mode", "soft"), [("simple", SIMPLE), ("progressive", PROGRESSIVE)])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_soft_targets(mode, soft, alpha):
    """Simple and progressive losses mix labels and soft targets by alpha."""
    expected = [alpha * hard + (1 - alpha) * one for hard, one in zip(CE, soft, strict=True)]

    assert numbers(losses(mode, outside=True, alpha=alpha)) == pytest.approx(expected, abs=3e-6)


def test_order_of_members_does_not_matter():
    """Who teaches whom depends on the widths, and not on their order."""
    mixed = nd.array([LOGITS[2], LOGITS[0], LOGITS[1]])

    found = numbers(losses("progressive", True, mixed, (1, 32, 4), alpha=0.0))

    assert found == pytest.approx([PROGRESSIVE[2], *PROGRESSIVE[:2]], abs=3e-6)


def test_without_teacher_the_widest_learns_from_labels():
    """In progressive mode without a teacher the widest member has labels alone."""
    assert numbers(losses("progressive", alpha=0.0)) == pytest.approx(
        [CE[0], *PROGRESSIVE[1:]], abs=3e-6
    )


@pytest.mark.parametrize(("labelled", "widest"), [(True, CE[0]), (False, 0.0)])
def test_internal_teacher(labelled, widest):
    """The widest member teaches all others; it learns from labels, or not at all as published."""
    found = numbers(losses("simple", internal=True, alpha=0.0, internal_labels=labelled))

    against = [
        float(soft_loss(nd.array(LOGITS[0]), nd.array(LOGITS[place])).asscalar())
        for place in (1, 2)
    ]
    assert found == pytest.approx([widest, *against], abs=3e-6)


@pytest.mark.parametrize("detach", [True, False])
def test_detaching_decides_who_is_pulled(detach):
    """The teaching member feels the soft loss only where it is not detached."""
    high, low = nd.array([[2.0, 0, -1]]), nd.array([[1.0, 1, 0]])
    high.attach_grad()
    low.attach_grad()
    teaching = Teaching(mode="progressive", alpha=0.0, detach=detach)
    with autograd.record():
        both = nd.stack(high, low)
        found = member_losses(
            both, LABEL, [None, None], teaching, sources_of((4, 1), "progressive")
        )
        narrow = found[1]
    narrow.backward()

    pull = [0.0, 0, 0] if detach else [0.26361, -0.19271, -0.07090]
    np.testing.assert_allclose(high.grad.asnumpy()[0], pull, atol=1e-5)
    np.testing.assert_allclose(low.grad.asnumpy()[0], [-0.42148, 0.30812, 0.11335], atol=1e-5)


def test_a_teacher_outside_feels_nothing():
    """No gradient reaches the logits of a teacher outside, whether members detach or not."""
    teacher, logits = nd.array([[3.0, 0, 0]]), nd.array(LOGITS)
    teacher.attach_grad()
    teaching = Teaching(mode="simple", detach=False)
    with autograd.record():
        sources = sources_of(WIDTHS, "simple", outside=True)
        total = member_losses(logits, LABEL, [teacher * 1] * 3, teaching, sources).sum()
        total = total + 0 * teacher.sum()
    total.backward()

    assert not teacher.grad.asnumpy().any()


def test_reduction_divides_by_classes():
    """The published mean over classes is the sum divided by their number."""
    total = soft_loss(TEACHER, nd.array(LOGITS[1])).asscalar()

    assert soft_loss(TEACHER, nd.array(LOGITS[1]), reduction="mean").asscalar() == pytest.approx(
        total / 3, rel=1e-6
    )


def test_temperature_softens_both_and_keeps_the_size_of_gradients():
    """Both softmaxes are divided by the temperature, and the loss has its square as a factor."""
    hot = soft_loss(TEACHER, nd.array(LOGITS[1]), temperature=4).asscalar()
    plain = soft_loss(TEACHER / 4, nd.array(LOGITS[1]) / 4).asscalar()

    assert hot == pytest.approx(16 * plain, rel=1e-6)


def test_published_defaults_differ_in_known_fields():
    """The published form of teaching is a valid one, and each of its fields differs from ours."""
    ours = Teaching()
    published = Teaching(**PUBLISHED)

    assert all(getattr(ours, name) != getattr(published, name) for name in PUBLISHED)


def test_cross_entropy_is_that_of_every_member():
    """Each member's loss is minus the log of its score for the label."""
    found = cross_entropy(nd.array(LOGITS), LABEL).asnumpy()

    assert found.shape == (3, 1)


@pytest.mark.parametrize(("axis", "which"), [("channels", 0), ("width", 2)])
def test_attention_map_is_relative_mean_square(axis, which):
    """An attention map is the mean square over one axis, divided by each image's largest."""
    maps = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)

    found = attention_map(nd.array(maps), axis).asnumpy()

    for image, flat in zip(maps, found, strict=True):
        strength = (image.astype(np.float64) ** 2).mean(which).ravel()
        np.testing.assert_allclose(flat, strength / strength.max(), rtol=1e-5)


def test_matching_moves_the_pupil_alone():
    """The loss of equal maps is nothing, and only the pupil's maps have a gradient."""
    generator = np.random.default_rng(1)
    teacher, pupil = (nd.array(generator.normal(size=(2, 3, 4, 4))) for _ in range(2))
    teacher.attach_grad()
    pupil.attach_grad()
    with autograd.record():
        loss = matching_loss([teacher * 1], [pupil * 1], "channels") + 0 * teacher.sum()
    loss.backward()

    assert not teacher.grad.asnumpy().any()
    assert pupil.grad.asnumpy().any()
    assert not matching_loss([pupil, pupil], [pupil, pupil], "width").asnumpy().any()
    assert np.isfinite(attention_map(nd.zeros((1, 2, 3, 3))).asnumpy()).all()


@pytest.mark.parametrize("kind", ["sgd", "nag", "adam"])
def test_optimisers_are_those_of_mxnet(kind):
    """Twenty steps of sgd, nag and adam end where MXNet's own end."""
    generator = np.random.default_rng(0)
    mine = generator.normal(size=50).astype(np.float32)
    theirs = nd.array(mine)
    fields = {} if kind == "adam" else {"momentum": 0.9}
    optimiser = mx.optimizer.create(kind, learning_rate=0.05, wd=0.0, **fields)
    state, moving = optimiser.create_state(0, theirs), Moving.begin(50, kind)
    for _ in range(20):
        gradient = generator.normal(size=50).astype(np.float32)
        optimiser.update(0, theirs, nd.array(gradient), state)
        move(kind, mine, gradient, 0.05, 0.9, moving)

    np.testing.assert_allclose(mine, theirs.asnumpy(), rtol=2e-5, atol=1e-6)
