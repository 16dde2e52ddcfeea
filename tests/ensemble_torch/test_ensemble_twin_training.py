"""Tests of the twin's losses, optimisers and training."""

import numpy as np
import pytest
import torch
from ensemble_twin_samples import ensemble_of, images_of, source_of

from harness.errors import HarnessError
from reproductions.ensemble_kd.data.split import Split
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.teaching import Attention, Teaching
from reproductions.ensemble_kd.params.training import Training
from reproductions.ensemble_kd.training.sources import sources_of
from reproductions.ensemble_kd.twin.ensemble import values
from reproductions.ensemble_kd.twin.losses import attention_map, member_losses, soft_loss
from reproductions.ensemble_kd.twin.optimisers import Moving, move
from reproductions.ensemble_kd.twin.training import Course, Lesson, best_device, predict, train

CPU = torch.device("cpu")
LOGITS = torch.tensor([[[2.0, 0, -1]], [[1, 1, 0]], [[0, 0.5, 0]]])
TEACHER = torch.tensor([[3.0, 0, 0]])


@pytest.fixture
def digits():
    """Return forty images of 8x8 whose classes can be told by their brightness."""
    labels = np.arange(40) % 4
    random = np.random.default_rng(3)
    images = 60 * labels[:, None, None, None] + random.integers(0, 30, (40, 8, 8, 1))
    return Split(images.astype(np.uint8), labels, 255.0, (0.4,), (0.3,), 4)


def losses(mode, **fields):
    """Return the losses of the three members of `LOGITS`."""
    teaching = Teaching(mode=mode, alpha=0.0, **fields)
    sources = sources_of((32, 4, 1), mode, outside=True)
    return member_losses(LOGITS, torch.tensor([0]), [TEACHER] * 3, teaching, sources)[:, 0].tolist()


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("none", [0.169846, 0.861995, 1.294377]),
        ("simple", [0.029645, 0.540679, 0.905144]),
        ("progressive", [0.029645, 0.379738, 0.065860]),
    ],
)
def test_losses_are_those_of_the_formulas(mode, wanted):
    """Cross entropy and soft losses are what follows from the formulas by hand."""
    assert losses(mode) == pytest.approx(wanted, abs=1e-6)
    if mode != "none":
        assert losses(mode, reduction="mean") == pytest.approx([x / 3 for x in wanted], abs=1e-6)


def test_a_member_is_pulled_by_its_pupil_only_where_it_is_not_detached():
    """Gradients of a soft loss are those of the formula; detached, the teacher gets none."""
    for detach in (False, True):
        high, low = torch.tensor([2.0, 0, -1]), torch.tensor([1.0, 1, 0])
        logits = torch.stack([high, low])[:, None].requires_grad_()
        teaching = Teaching(mode="progressive", alpha=0.0, detach=detach)
        sources = sources_of((32, 4), "progressive")
        member_losses(logits, torch.tensor([0]), [None] * 2, teaching, sources)[1].sum().backward()

        pulls = [0.0, 0, 0] if detach else [0.26361, -0.19271, -0.07090]
        assert logits.grad[0, 0].tolist() == pytest.approx(pulls, abs=1e-5)
        assert logits.grad[1, 0].tolist() == pytest.approx([-0.42148, 0.30812, 0.11335], abs=1e-5)


def test_temperature_keeps_the_gradient_of_small_logits():
    """The soft loss is multiplied by the temperature's square, so that its scale stays."""
    small = LOGITS[0] / 10, LOGITS[1] / 10

    assert soft_loss(*small, 4.0).item() == pytest.approx(soft_loss(*small).item(), rel=0.05)


def test_attention_maps_have_one_as_their_maximum():
    """Each image's map is the mean square over the axis, over its largest."""
    maps = torch.arange(2 * 3 * 2 * 2.0).view(2, 3, 2, 2)

    channels, width = attention_map(maps), attention_map(maps, "width")

    assert channels.shape == (2, 4)
    assert width.shape == (2, 6)
    assert channels.max(1).values.tolist() == width.max(1).values.tolist() == [1, 1]


def test_radam_makes_the_known_steps():
    """A constant gradient moves a weight as the rectified rule says, first without its size."""
    weights, found = torch.ones(1), []
    moving = Moving.begin(weights)
    for _ in range(8):
        move("radam", weights, torch.tensor([0.5]), 0.01, 0.9, moving)
        found.append(weights.item())

    wanted = [0.995, 0.99, 0.985, 0.98, 0.975, 0.97474186, 0.97441455, 0.97402725]
    assert found == pytest.approx(wanted, abs=1e-7)


def course_of(source, lesson=None, **fields):
    """Return a course of a small ensemble on the CPU."""
    how = Training(**{"epochs": 6, "batch_size": 10, "learning_rate": 0.003, **fields})
    return Course(ensemble_of(source), how, lesson or Lesson(Teaching()), CPU)


def generator(epoch):
    """Return the generator of an epoch's order."""
    return np.random.default_rng(epoch)


def test_a_training_learns_and_repeats_to_the_byte(digits):
    """The loss of every member falls, and a second training gives the same bytes."""
    source = source_of((32, 2), classes=4)
    runs = []
    for _ in range(2):
        course = course_of(source, Lesson(Teaching(mode="progressive")), optimiser="adam")
        runs.append((train(course, digits, generator), values(course.ensemble)))

    rows, trained = runs[0]
    first, last = rows[:2], rows[-2:]
    assert all(after["loss"] < before["loss"] for before, after in zip(first, last, strict=True))
    assert runs[1][0] == rows
    assert all(runs[1][1][name].tobytes() == trained[name].tobytes() for name in trained)


def test_a_training_goes_on_where_it_was(digits):
    """Values and what the optimiser knows are all that the next epoch continues from."""
    source = source_of((4,), classes=4)
    whole = course_of(source, weight_decay=1e-3)
    for epoch in range(2):
        whole.epoch(epoch, digits, generator(epoch))
    begun = course_of(source, weight_decay=1e-3)
    begun.epoch(0, digits, generator(0))
    state = begun.descent.state()

    resumed = Course(ensemble_of(source, values(begun.ensemble)), whole.how, whole.lesson, CPU)
    resumed.descent.restore(state)
    resumed.epoch(1, digits, generator(1))

    found, wanted = values(resumed.ensemble), values(whole.ensemble)
    assert all(found[name].tobytes() == wanted[name].tobytes() for name in wanted)


def test_weight_decay_spares_quantised_weights_and_normalisation(digits):
    """Decay alone moves the stem, the shortcuts and the last layer, and nothing else."""
    source = source_of((4,), classes=4)
    descent = course_of(source, weight_decay=0.5).descent
    named = dict(course_of(source).ensemble.named_parameters())
    sizes = [one.numel() for one in named.values()]
    decayed = [part.unique().tolist() for part in descent.decay.split(sizes)]

    found = {name for name, factors in zip(named, decayed, strict=True) if factors == [0.5]}
    assert found == {
        "stem.conv1.weight", "output.weight", "output.bias",
        *(f"stage{stage}.block1.shortcut.weight" for stage in (2, 3, 4)),
    }  # fmt: skip


def test_an_ensemble_teacher_teaches_and_stays_as_it_was(digits):
    """A frozen teacher's answers and maps are learned from, and its values do not change."""
    teacher = ensemble_of(source_of((32, 2), Quantisation(full_weights=True), classes=4))
    before = values(teacher)
    teaching = Teaching(mode="simple", teacher_predicts=False, attention=Attention())
    course = course_of(source_of((32, 2), classes=4), Lesson(teaching, teacher))

    rows = course.epoch(0, digits, generator(0))

    assert all(np.isfinite(row["loss"]) for row in rows)
    assert all((values(teacher)[name] == before[name]).all() for name in before)


def test_a_teacher_without_the_width_is_refused(digits):
    """The error names the width that has no teacher, and those that there are."""
    teacher = ensemble_of(source_of((32, 4), classes=4))
    course = course_of(source_of((32, 2), classes=4), Lesson(Teaching(mode="simple"), teacher))

    with pytest.raises(HarnessError, match="member of 2 bits has no teacher"):
        course.epoch(0, digits, generator(0))


def test_balancing_is_refused():
    """What the twin does not have is refused, and not passed over."""
    with pytest.raises(HarnessError, match="gradient_norm"):
        course_of(source_of((32,)), balance="gradient_norm")


def test_a_loss_that_is_no_number_ends_the_training(digits):
    """A training that has run away ends with the epoch and the widths."""
    course = course_of(source_of((32,), classes=4))
    course.descent.weights.mul_(float("nan"))

    with pytest.raises(HarnessError, match="epoch 1, batch 1: the loss at 32 bits"):
        course.epoch(0, digits, generator(0))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_trains_as_the_cpu_does(digits):
    """On a GPU, which is taken where there is one, the first loss is that of the CPU."""
    source = source_of((32, 2), classes=4)
    place = best_device()
    assert place.type == "cuda"
    there = Course(ensemble_of(source), Training(batch_size=10), Lesson(Teaching()), place)
    images, labels = images_of(source, 10), np.arange(10) % 4

    _, found = there.step(images, labels, 0.0)
    _, wanted = course_of(source).step(images, labels, 0.0)

    np.testing.assert_allclose(found, wanted, rtol=1e-2)
    assert predict(there.ensemble, images, place).shape == (2, 10, 4)
