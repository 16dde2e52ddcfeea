"""The update, against torch's own."""

import torch

from reproductions.nonn.descent import Descent


def network():
    """Return a small network with seeded weights."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.Flatten(), torch.nn.Linear(3, 2))


def test_updates_are_those_of_torch():
    """After several updates at two learning rates every bit equals torch.optim.SGD's."""
    ours, theirs = network(), network()
    descent = Descent(ours, momentum=0.9, weight_decay=5e-4)
    optimiser = torch.optim.SGD(theirs.parameters(), lr=1, momentum=0.9, weight_decay=5e-4)
    x = torch.rand((4, 2, 3, 3), generator=torch.Generator().manual_seed(1))
    for rate in (0.1, 0.1, 0.02):
        descent.gradients(ours(x).square().sum())
        descent.step(rate)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        theirs(x).square().sum().backward()
        optimiser.step()

    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    assert all(torch.equal(own, other) for own, other in pairs)


def test_velocities_come_back():
    """A descent that took up saved velocities goes on like the one they were saved from."""
    models = [network(), network()]
    first, second = (Descent(model, momentum=0.9, weight_decay=0.0) for model in models)
    x = torch.ones(1, 2, 3, 3)
    first.gradients(models[0](x).sum())
    first.step(0.1)
    models[1].load_state_dict(models[0].state_dict())
    second.restore({name: value.copy() for name, value in first.state().items()})
    for model, descent in zip(models, (first, second), strict=True):
        descent.gradients(model(x).square().sum())
        descent.step(0.1)

    pairs = zip(models[0].parameters(), models[1].parameters(), strict=True)
    assert all(torch.equal(own, other) for own, other in pairs)
