"""A tuning record changes how fast a library is, and nothing that it computes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.errors import HarnessError
from reproductions.nonn.deployment.library import build
from reproductions.nonn.deployment.runtime import open_runtime
from reproductions.nonn.networks import initialise
from reproductions.nonn.params.network import Vgg, WideResNet
from reproductions.nonn.students import Students

RECORD = Path(__file__).parents[2] / "reproductions/nonn/deployment/tuned/x86-64-v3.json"
TARGET = {"kind": "llvm", "mcpu": "x86-64-v3"}
SMALL = {"image_size": 8, "image_channels": 1}
WRN = WideResNet(family="wrn", depth=10, width=1, **SMALL)
VGG = Vgg(family="vgg", depth=11, multiplier=0.1, **SMALL)


@pytest.fixture(scope="module")
def image():
    """Return one image of noise."""
    return torch.from_numpy(np.random.default_rng(5).normal(size=(1, 1, 8, 8)).astype("f4"))


def student(network):
    """Return an untrained student of 24 features."""
    system = Students(network, [24])
    initialise(system, 3)
    return system.nodes()[0].eval()


def test_tuned_student_computes_the_same(image):
    """The student that the record is of computes PyTorch's features with its schedules."""
    module = student(WRN)
    with torch.no_grad():
        expected = module(image).numpy()

    library = build(module, image, TARGET, RECORD)
    runtime = open_runtime("tvm")
    runtime.load(library.content)

    assert library.tuned > library.kernels // 2
    assert library.content != build(module, image, TARGET).content
    assert np.allclose(runtime.run(image.numpy()), expected, rtol=1e-4, atol=1e-4)


def test_tuned_library_has_the_same_bytes_again(image):
    """The same record gives the same library."""
    made = [build(student(WRN), image, TARGET, RECORD).content for _ in range(2)]

    assert made[0] == made[1]


def test_record_of_another_network_says_how_little_it_knows(image):
    """Kernels that the record does not know are compiled as ever, and counted as such."""
    module = student(VGG)

    library = build(module, image, TARGET, RECORD)

    assert library.tuned < library.kernels
    if not library.tuned:
        assert library.content == build(module, image, TARGET).content


def test_record_for_another_cpu_is_refused(image):
    """A record is not used for a target that it was not made for; cores do not count."""
    with pytest.raises(HarnessError, match=r"a tuning for .*x86-64-v3.*, not for .*x86-64-v2"):
        build(student(VGG), image, {"kind": "llvm", "mcpu": "x86-64-v2"}, RECORD)

    assert build(student(VGG), image, {**TARGET, "num-cores": 1}, RECORD).kernels > 0


def test_record_by_another_version_is_refused(tmp_path, image):
    """A record of another version of TVM ends in words that say how to make it anew."""
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**json.loads(RECORD.read_text()), "tvm": "0.1"}))

    with pytest.raises(HarnessError, match=r"(?s)a tuning by TVM 0\.1.*make it anew"):
        build(student(VGG), image, TARGET, old)


def test_damaged_record_is_refused(tmp_path, image):
    """A record without a field, and a trace that is none, are named and not compiled by."""
    whole = json.loads(RECORD.read_text())
    torn = tmp_path / "torn.json"
    torn.write_text(json.dumps({key: whole[key] for key in whole if key != "seed"}))
    with pytest.raises(HarnessError, match=r"torn\.json: no tuning record: seed"):
        build(student(WRN), image, TARGET, torn)

    for kernel in whole["kernels"]:
        kernel["trace"] = '[[["NoSuchStep",[],[],[]]],[]]'
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps(whole))
    with pytest.raises(HarnessError, match="cannot follow the schedule of"):
        build(student(WRN), image, TARGET, strange)
