"""Networks under the authors' names, and networks of the user's own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional

from harness.errors import HarnessError
from harness.reason import reason
from harness.stage.run import derive_seed
from reproductions.nonn.networks import Classifier, Residual, initialise
from reproductions.nonn.params.network import MobileNetV2 as MobileNetV2Params
from reproductions.nonn.params.network import Network, Vgg, WideResNet

_CLASSES = "num_classes"


class Family(Classifier):
    """A network of one of the three families; its forward returns logits and pooled features.

    Parameters
    ----------
    network
        Its description.
    dropout
        Share of the values between the two convolutions of a residual block that training drops.
    seed
        Of its first weights.
    """

    def __init__(self, network: Network, dropout: float = 0.0, seed: int = 0) -> None:
        super().__init__(network)
        self.network = network
        self.dropout = dropout
        initialise(self, derive_seed("nonn", "model", seed))
        drop(self, dropout)


class Wide_ResNet(Family):  # noqa: N801 - the authors' name
    """WRN-`depth`-`widen_factor`."""

    def __init__(
        self,
        depth: int,
        widen_factor: int,
        dropout: float = 0.0,
        num_classes: int = 10,
        image_size: int = 32,
        image_channels: int = 3,
        seed: int = 0,
    ) -> None:
        size = {"image_size": image_size, "image_channels": image_channels}
        network = _described(
            WideResNet,
            family="wrn", depth=depth, width=widen_factor, classes=num_classes, **size,
        )  # fmt: skip
        super().__init__(network, dropout, seed)


class VGG(Family):
    """VGG-`depth`."""

    def __init__(
        self,
        depth: int,
        num_classes: int = 10,
        image_size: int = 32,
        image_channels: int = 3,
        multiplier: float = 1.0,
        seed: int = 0,
    ) -> None:
        size = {"image_size": image_size, "image_channels": image_channels}
        network = _described(
            Vgg, family="vgg", depth=depth, multiplier=multiplier, classes=num_classes, **size
        )
        super().__init__(network, seed=seed)


class MobileNetV2(Family):
    """MobileNetV2; the authors' has a quarter of the channels."""

    def __init__(
        self,
        num_classes: int = 10,
        image_size: int = 32,
        image_channels: int = 3,
        multiplier: float = 0.25,
        seed: int = 0,
    ) -> None:
        size = {"image_size": image_size, "image_channels": image_channels}
        network = _described(
            MobileNetV2Params,
            family="mobilenetv2", multiplier=multiplier, classes=num_classes, **size,
        )  # fmt: skip
        super().__init__(network, seed=seed)


class Own(nn.Module):
    """A network of the user's own, whose features are the means of its last map."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, classes) and features (B, filters)."""
        logits, maps = self.model(x)
        return logits, maps.mean(dim=(2, 3)) if maps.dim() == 4 else maps


class Node(nn.Module):
    """A student made of a network of the user's own: all but its linear layer, and a bridge."""

    def __init__(self, base: nn.Module, filters: int, channels: int) -> None:
        super().__init__()
        self.base = _headless(copy.deepcopy(base))
        self.bridge = nn.Sequential(
            nn.Conv2d(filters, channels, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return features (B, channels) of images (B, C, H, W)."""
        _, maps = self.base(x)
        if maps.dim() == 2:
            maps = maps[:, :, None, None]
        return self.bridge(maps).mean(dim=(2, 3))


def _headless(base: nn.Module) -> nn.Module:
    """Take the last linear layer away, which would be trained by nothing."""
    linear = [name for name, part in base.named_modules() if isinstance(part, nn.Linear)]
    if linear and linear[-1]:
        parent, _, name = linear[-1].rpartition(".")
        setattr(base.get_submodule(parent), name, nn.Identity())
    return base


def accepted(model: Any, shape: tuple[int, int, int], classes: int, what: str) -> nn.Module:
    """Return `model` as the training takes it: a family as it is, any other one wrapped.

    Grey images are repeated for a network that begins with three channels.

    Parameters
    ----------
    shape
        Channels, height and width of the images.
    what
        How messages call the model.

    Raises
    ------
    HarnessError
        It does not take the images, or does not return logits and the last map.
    """
    if not isinstance(model, nn.Module):
        raise HarnessError(
            f"{what}: {type(model).__name__} is no torch.nn.Module", "pass a network of torch"
        )
    first = next((part for part in model.modules() if isinstance(part, nn.Conv2d)), None)
    if first is not None and (shape[0], first.in_channels) == (1, 3):
        coloured(model)
    returned = _probe(model, shape, what)
    pair = isinstance(returned, tuple) and len(returned) == 2
    if not pair or not all(isinstance(value, Tensor) for value in returned):
        raise HarnessError(
            f"{what}: its forward returns no pair of tensors",
            "return (logits, features), the features being the last map before the linear layer",
        )
    logits, features = returned
    if tuple(logits.shape) != (2, classes) or features.dim() not in (2, 4) or len(features) != 2:
        raise HarnessError(
            f"{what}: for two images it returns shapes {tuple(logits.shape)} and "
            f"{tuple(features.shape)}",
            f"return logits (2, {classes}) and a map (2, filters, height, width) or its means",
        )
    return model if isinstance(model, Classifier) else Own(model)


def filters(model: nn.Module, shape: tuple[int, int, int]) -> int:
    """Return the number of features of a model that was `accepted`."""
    return int(_probe(model, shape, "the model")[1].shape[1])


def _probe(model: nn.Module, shape: tuple[int, int, int], what: str) -> Any:
    device = next((value.device for value in model.parameters()), torch.device("cpu"))
    training = model.training
    try:
        with torch.no_grad():
            return model.eval()(torch.zeros((2, *shape), device=device))
    except (RuntimeError, TypeError, ValueError) as error:
        channels, height, width = shape
        said = str(error).splitlines()[0]
        raise HarnessError(
            f"{what}: it does not take images of {height}x{width}x{channels}: {said}",
            f"make it for them, such as with image_size={height}, image_channels={channels}",
        ) from error
    finally:
        model.train(training)


def coloured(model: nn.Module) -> None:
    """Have `model` see grey images as three equal channels."""

    def repeat(_module: nn.Module, arguments: tuple[Tensor]) -> tuple[Tensor]:
        (x,) = arguments
        return (x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x,)

    model.register_forward_pre_hook(repeat)


def drop(module: nn.Module, share: float) -> None:
    """Have training drop `share` of the values after the first convolution of residual blocks."""
    if not share:
        return

    def dropped(convolution: nn.Module, _arguments: Any, values: Tensor) -> Tensor:
        return functional.dropout(values, share, convolution.training)

    for part in module.modules():
        if isinstance(part, Residual):
            first = next(layer for layer in part.body if isinstance(layer, nn.Conv2d))
            first.register_forward_hook(dropped)


def targets(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Return `loss` of logits (B, K) and labels (B,), whatever form it wants the labels in."""
    whole = (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.BCEWithLogitsLoss)
    if not isinstance(loss, whole):
        return loss

    def against_indicators(logits: Tensor, labels: Tensor) -> Tensor:
        return loss(logits, functional.one_hot(labels, logits.shape[1]).to(logits.dtype))

    return against_indicators


def _described(kind: type[Network], **fields: Any) -> Network:
    try:
        return kind(**fields)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, one['loc'])) or 'network'}: {reason(one)}"
            for one in error.errors(include_url=False)
        ]
        raise HarnessError("\n".join(lines), "correct the arguments of the network") from error
