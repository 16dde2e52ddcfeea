"""What users bring along: networks, losses, optimisers and schedulers of their own."""

import pytest
import torch
from torch import nn

from harness.errors import HarnessError
from harness.formats import arrays
from reproductions.nonn.framework import models
from reproductions.nonn.framework.device import Devices, Spread
from reproductions.nonn.framework.models import VGG, MobileNetV2, Node, Own, Wide_ResNet
from reproductions.nonn.framework.optimise import stepped
from reproductions.nonn.networks import parameters
from reproductions.nonn.students import System, disjoint

SHAPE = (1, 8, 8)


class Tiny(nn.Module):
    """A network as users write it: it returns logits and its last map."""

    def __init__(self, classes=4, channels=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, 6, 3)
        self.linear = nn.Linear(6, classes)

    def forward(self, x):
        """Return logits and the map of six filters."""
        maps = torch.relu(self.conv(x))
        return self.linear(maps.mean(dim=(2, 3))), maps


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (lambda: Wide_ResNet(depth=40, widen_factor=4, dropout=0.2, num_classes=10), 8_955_050),
        (lambda: Wide_ResNet(depth=16, widen_factor=1, dropout=0, num_classes=10), 175_626),
        (lambda: VGG(depth=11, num_classes=10), 9_231_114),
        (lambda: MobileNetV2(num_classes=10), 164_750),
    ],
    ids=["wrn40-4", "wrn16-1", "vgg11", "mobilenetv2"],
)
def test_networks_under_the_authors_names(network, count):
    """The networks have the parameters that the release counts, and its way of being called."""
    assert parameters(network()) == count


def test_a_network_that_does_not_exist():
    """A depth that no WRN has is refused in the words of the rule."""
    with pytest.raises(HarnessError, match="6n \\+ 4"):
        Wide_ResNet(depth=15, widen_factor=1, dropout=0, num_classes=10)


def test_dropout_acts_in_training_alone():
    """A network with dropout answers the same each time when it is asked, and not in training."""
    torch.manual_seed(0)
    model = Wide_ResNet(10, 1, 0.5, 4, *SHAPE[1:2], image_channels=1)
    x = torch.rand((4, *SHAPE))

    model.eval()
    assert torch.equal(model(x)[0], model(x)[0])
    model.train()
    assert not torch.equal(model(x)[0], model(x)[0])


def test_features_are_the_means_of_the_last_map():
    """A network of the user's own gives pooled features, one for each filter."""
    model = models.accepted(Tiny(), SHAPE, 4, "model")
    x = torch.rand((3, *SHAPE), generator=torch.Generator().manual_seed(0))

    assert isinstance(model, Own)
    assert models.filters(model, SHAPE) == 6
    logits, features = model(x)
    assert torch.equal(features, model.model(x)[1].mean(dim=(2, 3)))
    assert torch.equal(logits, model.model(x)[0])


def test_grey_images_are_repeated():
    """A network that begins with three channels answers grey images as three equal channels."""
    model = Tiny(channels=3)
    x = torch.rand((3, *SHAPE), generator=torch.Generator().manual_seed(0))
    wanted = model(x.expand(-1, 3, -1, -1))[0]

    assert torch.equal(models.accepted(model, SHAPE, 4, "model")(x)[0], wanted)


class Silent(Tiny):
    """A network that returns its logits alone."""

    def forward(self, x):
        """Return logits."""
        return super().forward(x)[0]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Silent(), "no pair of tensors"),
        (Tiny(classes=3), r"shapes \(2, 3\)"),
        (Tiny(channels=2), "does not take images of 8x8x1"),
        ("wrn", "no torch.nn.Module"),
    ],
)
def test_a_network_that_does_not_fit(model, said):
    """The message says what the network does not take or return, and what is wanted."""
    with pytest.raises(HarnessError, match=said):
        models.accepted(model, SHAPE, 4, "model")


def test_students_of_an_own_network_are_disjoint_and_have_no_head():
    """Each student has its own copy of the network, without the linear layer that nobody trains."""
    base = Tiny()
    nodes = [Node(base, 6, channels) for channels in (3, 2)]
    system = System(nodes, (3, 2), 4)

    assert disjoint([base, *nodes])
    assert not any("linear" in name for name, _ in system.named_parameters())
    torch.autograd.backward(system(torch.rand((4, *SHAPE)))[0].sum())
    assert all(value.grad is not None for value in system.parameters())


def test_a_loss_of_indicators_gets_indicators():
    """A squared error sees a one at the label, and any other loss the labels themselves."""
    logits, labels = torch.tensor([[1.0, 0, 0], [0, 0, 2]]), torch.tensor([0, 1])

    assert models.targets(nn.MSELoss())(logits, labels).item() == pytest.approx((1 + 4) / 6)
    cross = nn.CrossEntropyLoss()
    assert models.targets(cross) is cross


def teach(model, update, images, epochs):
    """Take two steps an epoch."""
    for epoch in epochs:
        for _ in range(2):
            update.gradients(model(images)[0].square().mean())
            update.step(0.0)
        update.close({"validation_loss": 1.0 / (epoch // 3 + 1)})


def shapes(optimizer):
    """Return the shape of every tensor of an optimiser's state."""
    return {
        (number, name): value.shape
        for number, entries in optimizer.state_dict()["state"].items()
        for name, value in entries.items()
        if hasattr(value, "shape")
    }


OPTIMISERS = {
    "adam-steps": lambda p: (o := torch.optim.Adam(p), torch.optim.lr_scheduler.StepLR(o, 2, 0.5)),
    "sgd-plateau": lambda p: (
        o := torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        torch.optim.lr_scheduler.ReduceLROnPlateau(o, patience=0),
    ),
    "adamw-one-cycle": lambda p: (
        o := torch.optim.AdamW(p, lr=0.01),
        torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=9),
    ),
    "rmsprop-lambda": lambda p: (
        o := torch.optim.RMSprop(p, lr=0.01),
        torch.optim.lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
    ),
    "adagrad": lambda p: (torch.optim.Adagrad(p), None),
}


@pytest.mark.parametrize("make", OPTIMISERS.values(), ids=OPTIMISERS)
def test_own_optimisers_are_taken_up_exactly(make, tmp_path):
    """Saved after three epochs and taken up by fresh objects, six epochs end in the same bits."""
    images = torch.rand((4, *SHAPE), generator=torch.Generator().manual_seed(0))

    def begin():
        torch.manual_seed(1)
        model = Tiny()
        return model, stepped(model, *make(model.parameters()))

    whole, update = begin()
    teach(whole, update, images, range(6))

    first, before = begin()
    teach(first, before, images, range(3))
    second, after = begin()
    second.load_state_dict(first.state_dict())
    for epoch in range(3):
        after.close({"validation_loss": 1.0 / (epoch // 3 + 1)})
    arrays.write_weights(tmp_path / "state.safetensors", before.state())
    after.restore(arrays.read_weights(tmp_path / "state.safetensors"))
    assert shapes(after.optimizer) == shapes(before.optimizer)
    teach(second, after, images, range(3, 6))

    rates = [update.optimizer.param_groups[0]["lr"] for update in (update, after)]
    assert rates[0] == rates[1]
    pairs = zip(whole.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize(
    ("optimizer", "scheduler", "said"),
    [
        ("SGD", None, "is no optimiser"),
        (torch.optim.SGD(Tiny().parameters(), lr=0.1), None, "no parameter of this model"),
        (None, "steps", "is no optimiser"),
    ],
)
def test_what_is_no_optimiser_of_the_model(optimizer, scheduler, said):
    """An optimiser by name, or of another network, is refused."""
    with pytest.raises(HarnessError, match=said):
        stepped(Tiny(), optimizer, scheduler)


def test_a_spread_model_has_the_model_s_attributes():
    """What calls a model on several devices is asked for its head and sizes as the model is."""
    system = System([Node(Tiny(), 6, 3)], (3,), 4)

    assert Devices(("cpu",)).spread(system) is system
    spread = Spread(system)
    assert spread.sizes == (3,)
    assert spread.head is system.head
    with pytest.raises(AttributeError, match="nothing"):
        spread.nothing  # noqa: B018 - the access is what is tested
