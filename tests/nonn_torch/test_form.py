"""What the nodes send, and that the head makes of it what the whole system answers."""

import numpy as np
import pytest
import torch
from nonn_stage import SMALL

from harness.errors import HarnessError
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.nonn.deployment.form import calibrate, senders
from reproductions.nonn.deployment.head import head_of
from reproductions.nonn.images import read_split
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.students import build
from reproductions.nonn.survivors import heard, subsets

TINY = WideResNet(family="wrn", depth=10, width=1, **SMALL)
RUN = Run("nonn", "students", 0, Checkpoint(None), Progress("students"))
FORMS = ["features", "logits"]


@pytest.fixture(scope="module")
def system():
    """Return three untrained students, whose head has a bias."""
    made = build(TINY, [3, 2, 4], compat=False, run=RUN).eval()
    with torch.no_grad():
        made.head.bias.copy_(torch.tensor([0.5, -0.25, 0.125, 1.0]))
    return made


@pytest.fixture(scope="module")
def split(images):
    """Return the validation images."""
    return read_split(Inputs({"images": {None: images}}), "validation", TINY)


@pytest.fixture(scope="module")
def shown(split):
    """Return ten of them, as a network takes them."""
    return next(split.batches(10)).images


def sent(nodes, shown):
    """Return what each node sends for `shown`."""
    with torch.no_grad():
        return [node(shown).numpy() for node in nodes]


@pytest.mark.parametrize("form", FORMS)
def test_all_students_give_the_answer_of_the_system(system, shown, form):
    """In both forms the head gives the system's own class scores within rounding."""
    with torch.no_grad():
        logits, _ = system(shown)

    parts = sent(senders(system, form), shown)

    assert np.allclose(head_of(system).answer(parts, form).logits, logits, rtol=1e-5, atol=1e-5)
    assert {part.dtype for part in parts} == {np.dtype(np.float32)}
    assert [part.shape[1] for part in parts] == ([3, 2, 4] if form == "features" else [4, 4, 4])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chosen", list(subsets(3)))
def test_every_subset_is_heard_as_in_training(system, shown, form, chosen):
    """Whoever answers, the scores are those of the trained rule for that subset."""
    alive = torch.tensor([[place in chosen for place in range(3)]])
    with torch.no_grad():
        _, features = system(shown)
        wanted = system.head(heard(features, system.sizes, alive))
    parts = sent(senders(system, form), shown)
    there = [part if place in chosen else None for place, part in enumerate(parts)]

    answer = head_of(system).answer(there, form)

    assert np.allclose(answer.logits, wanted, rtol=1e-5, atol=1e-5)
    assert answer.standing == chosen


@pytest.mark.parametrize("form", FORMS)
def test_bytes_lie_within_half_a_step(system, split, form):
    """On the images of the calibration no number is off by more than half a step of its channel."""
    scales = calibrate(system, split, form, 7)
    (batch,) = split.batches(len(split))
    exact = sent(senders(system, form), batch.images)

    coarse = sent(senders(system, form, "int8", scales), batch.images)

    for own, near, scale in zip(exact, coarse, scales, strict=True):
        assert near.dtype == np.int8
        assert scale.dtype == np.float32
        assert np.all(np.abs(near * scale.astype(float) - own) <= 0.5001 * scale)
        assert np.abs(near).max(axis=0).tolist() == [127] * len(scale)


def test_a_larger_value_is_cut_off(system, split, shown):
    """Beyond the calibrated range a number stays at its end, and does not wrap around."""
    scales = [scale / 4 for scale in calibrate(system, split, "logits")]

    parts = sent(senders(system, "logits", "int8", scales), shown)
    signs = sent(senders(system, "logits"), shown)

    for part, exact in zip(parts, signs, strict=True):
        assert np.abs(part.astype(int)).max() == 127
        assert np.all(np.sign(part) * np.sign(exact) >= 0)


def test_a_dead_channel_has_a_scale(system, split, shown):
    """A feature that is always zero is sent as zero, and divided by nothing."""
    bridge = system.nodes()[1].bridge[1]
    weight, bias = bridge.weight.detach().clone(), bridge.bias.detach().clone()
    with torch.no_grad():
        bridge.weight[0], bridge.bias[0] = 0, -1
    scales = calibrate(system, split, "features")
    parts = sent(senders(system, "features", "int8", scales), shown)
    with torch.no_grad():
        bridge.weight.copy_(weight)
        bridge.bias.copy_(bias)

    assert scales[1][0] == 1
    assert scales[1][1] != 1
    assert not parts[1][:, 0].any()


def test_a_sender_is_exported_whole(system, split, shown):
    """A sender is one graph to torch's export, and the exported program gives the same bytes."""
    scales = calibrate(system, split, "logits")

    for node in senders(system, "logits", "int8", scales):
        program = torch.export.export(node, (shown,)).module()
        assert np.array_equal(program(shown).numpy(), node(shown).numpy())


def test_bytes_need_scales(system):
    """Asking for bytes without a calibration says what to do first."""
    with pytest.raises(HarnessError, match="need scales") as caught:
        senders(system, "features", "int8")

    assert "calibrate" in caught.value.remedy
