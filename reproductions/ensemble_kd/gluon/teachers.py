"""Networks that teach: resnet18_v1 of Gluon's model zoo, GluonCV's for CIFAR, and resnet_e1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from mxnet import gluon, init, nd
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision import BasicBlockV1, ResNetV1

from harness.errors import HarnessError
from reproductions.ensemble_kd.architecture.channels import STAGES, scale
from reproductions.ensemble_kd.architecture.description import THUMBNAIL_BELOW, describe
from reproductions.ensemble_kd.gluon.ensemble import Ensemble
from reproductions.ensemble_kd.gluon.parameters import named
from reproductions.ensemble_kd.initial import draw_weight, initial_values
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import FULL, Quantisation
from reproductions.ensemble_kd.params.teachers import TeacherName
from reproductions.ensemble_kd.quantisation.member import resolve_all

_CIFAR = (16, 32, 64)  # Channels of GluonCV's stages for CIFAR.
_CIFAR_DEPTHS = {"cifar_resnet20_v2": 20, "cifar_resnet56_v2": 56, "cifar_resnet110_v2": 110}


def build_teacher(
    name: TeacherName,
    classes: int,
    image_size: int,
    image_channels: int,
    width: float,
    generator: np.random.Generator,
) -> gluon.HybridBlock:
    """Return a teacher, from images (B, C, H, W) to logits (B, classes).

    Its weights are drawn like an ensemble's (He), from `generator` alone. Its parameters have the
    names of their places, such as ``features.1.weight``; those of resnet_e1 the ensemble's.

    Raises
    ------
    HarnessError
        The width leaves two stages equally many channels, around which resnet18_v1 and GluonCV's
        networks have no shortcut.
    """
    if name == "resnet_e1":
        return _resnet_e1(classes, image_size, image_channels, width, generator)
    channels = _channels(name, STAGES if name == "resnet18_v1" else _CIFAR, width)
    if name == "resnet18_v1":
        thumbnail = image_size < THUMBNAIL_BELOW
        network = ResNetV1(
            BasicBlockV1, [2] * 4, [channels[0], *channels], classes=classes, thumbnail=thumbnail
        )
    else:
        network = CifarResNetV2(_CIFAR_DEPTHS[name], channels, classes)
    network.initialize(init.Zero())
    network(nd.zeros((1, image_channels, image_size, image_size)))  # It finds its shapes.
    _draw(network, generator)
    return network


class CifarResNetV2(gluon.HybridBlock):
    """GluonCV's pre-activation network for CIFAR: three stages of (depth - 2) / 6 blocks."""

    def __init__(self, depth: int, channels: Sequence[int], classes: int) -> None:
        super().__init__()
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(nn.BatchNorm(scale=False, center=False), _conv3x3(channels[0], 1))
            before = channels[0]
            for place, width in enumerate(channels, 1):
                stage = nn.HybridSequential(prefix=f"stage{place}_")
                with stage.name_scope():
                    for block in range((depth - 2) // 6):
                        stride = 2 if place > 1 and block == 0 else 1
                        stage.add(_PreActivation(width, stride, changes=width != before))
                        before = width
                self.features.add(stage)
            self.features.add(nn.BatchNorm(), nn.Activation("relu"), nn.GlobalAvgPool2D())
            self.features.add(nn.Flatten())
            self.output = nn.Dense(classes, in_units=before)

    def hybrid_forward(self, _f: Any, x: Any) -> Any:
        """Return the logits (B, classes)."""
        return self.output(self.features(x))


class _PreActivation(gluon.HybridBlock):
    """Twice normalisation, ReLU, 3x3; the shortcut starts after the first ReLU if it changes."""

    def __init__(self, channels: int, stride: int, *, changes: bool) -> None:
        super().__init__()
        with self.name_scope():
            self.bn1 = nn.BatchNorm()
            self.conv1 = _conv3x3(channels, stride)
            self.bn2 = nn.BatchNorm()
            self.conv2 = _conv3x3(channels, 1)
            self.downsample = nn.Conv2D(channels, 1, stride, use_bias=False) if changes else None

    def hybrid_forward(self, f: Any, x: Any) -> Any:
        active = f.relu(self.bn1(x))
        around = x if self.downsample is None else self.downsample(active)
        return self.conv2(f.relu(self.bn2(self.conv1(active)))) + around


def _conv3x3(channels: int, stride: int) -> nn.Conv2D:
    return nn.Conv2D(channels, 3, stride, 1, use_bias=False)


def _channels(name: str, stages: Sequence[int], width: float) -> list[int]:
    channels = [scale(one, width) for one in stages]
    if any(before == after for before, after in pairwise(channels)):
        raise HarnessError(
            f"the teacher {name} of width {width} would have stages of {channels} channels: it has "
            "no shortcut where a stage with as many channels as the one before halves the map",
            "give the teacher a larger width",
        )
    return channels


def _resnet_e1(
    classes: int, image_size: int, image_channels: int, width: float, generator: np.random.Generator
) -> gluon.HybridBlock:
    """Return one member of 32 bits, whose activations are cut to -1 to 1."""
    network = Network.model_validate(
        {
            "width": width,
            "classes": classes,
            "image_size": image_size,
            "image_channels": image_channels,
        }
    )
    quantisation = Quantisation.model_validate({"identity_clip": True})
    description, members = describe(network), resolve_all((FULL,), quantisation)
    first = initial_values(description, (FULL,), members, generator)
    return Ensemble(description, members, quantisation, first).member(FULL)


def _draw(network: gluon.HybridBlock, generator: np.random.Generator) -> None:
    for name, parameter in named(network).items():
        kind = name.rpartition(".")[2]
        if kind == "weight":
            value = draw_weight(parameter.shape, generator, "gaussian")
        else:
            value = np.full(parameter.shape, kind in {"gamma", "running_var"}, np.float32)
        parameter.set_data(nd.array(value, dtype=np.float32))
