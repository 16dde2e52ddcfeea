"""Real measurements with few samples: what is in a record, and what ends one."""

import itertools
import os
import re
import tempfile
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from deployment_samples import (
    NETWORK,
    SIZES,
    device,
    networks,
    processes,
    rpc_servers,
    write_weights,
)
from nonn_stage import run_step, write_images

from harness.devices import energy, links
from harness.devices.energy import Meter
from harness.errors import HarnessError
from harness.formats import arrays, jsonfile
from reproductions.nonn.deployment.measuring import Measuring, Samples
from reproductions.nonn.deployment.message import Kind, frame_bytes
from reproductions.nonn.deployment.nodes import placed
from reproductions.nonn.deployment.place import Place
from reproductions.nonn.deployment.series import Subject, parse
from reproductions.nonn.deployment.system import Deployed
from reproductions.nonn.params.deployment import Sending

IMAGE = (1, 1, 8, 8)
PARAMS = {"teacher": NETWORK, "student": NETWORK, "students": (2,)}
FEATURES = {"form": "features", "precision": "float32"}
BYTES = {"form": "logits", "precision": "int8"}
TUNING = "reproductions/nonn/deployment/tuned/x86-64-v3.json"
CLOCK = "reproductions.nonn.deployment.measuring.perf_counter_ns"
SLOW = {"latency_ms": 0, "bandwidth_mbit": 1}


@dataclass
class Found:
    """A measurement, as it was written."""

    clock: str
    warm_up: int
    series: dict
    unavailable: dict

    def samples(self, name):
        """Return the samples of a series."""
        return self.series[name]["samples"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Return the paths of images, teacher and students."""
    folder = tmp_path_factory.mktemp("inputs")
    return {"images": write_images(folder / "images"), **write_weights(folder)}


@pytest.fixture
def measure(inputs, tmp_path):
    """Give a function that measures on a device and returns what it wrote."""

    def run(where, **changes):
        made = run_step("measure_deployment", PARAMS | changes, inputs, tmp_path, device=where)
        return Found(**jsonfile.read(made["record"]))

    return run


def write_large(folder, size):
    """Write two images of each split, larger than what a link lets through at once."""
    parts = ("train", "validation", "test")
    content = {f"{part}_images": np.zeros((2, size, size, 1), np.uint8) for part in parts}
    content |= {f"{part}_labels": np.arange(2) for part in parts}
    about = {"dataset": "large", "classes": 4, "maximum": 16, "mean": [0.4], "std": [0.3]}
    arrays.write_folder(folder, content, about)
    return folder


def names(form, precision):
    """Return the series of two students, of their teacher and of their head, without energy."""
    system = f"n2.{form}-{precision}"
    each = ("end-to-end", "device", "memory", "sent", "received")
    found = {f"{one}.{metric}" for one in ("teacher", f"{system}.student0") for metric in each}
    found |= {f"{system}.student1.{metric}" for metric in each}
    return found | {f"{system}.end-to-end", "n2.head"}


def check_whole(found, wanted):
    """Check that a measurement has the series with all samples, and the energy or a reason."""
    powered = {"teacher.energy", *(f"{one}.energy" for one in systems(wanted))}
    measured = energy.meter() is not None

    assert set(found.series) == wanted | (powered if measured else set())
    assert found.unavailable == ({} if measured else dict.fromkeys(powered, why()))
    assert all(len(one["samples"]) == 3 for one in found.series.values())
    assert all(min(one["samples"]) > 0 for one in found.series.values())
    for name, one in found.series.items():
        assert one["unit"] == {"memory": "byte", "sent": "byte", "received": "byte"}.get(
            parse(name)[1], "joule" if name.endswith("energy") else "ns"
        )


def why():
    """Return why there is no energy."""
    return energy.unavailable_because()


def systems(wanted):
    """Return the systems that have an end-to-end time of their own."""
    return {
        name.removesuffix(".end-to-end")
        for name in wanted
        if name.startswith("n2.") and name.count(".") == 2 and name.endswith(".end-to-end")
    }


@pytest.mark.parametrize("runtime", ["onnxruntime", "tvm"])
def test_processes_of_this_machine(measure, runtime):
    """Every series is there, and the bytes of each question are those of the formula."""
    found = measure(processes(runtime))

    check_whole(found, names("features", "float32"))
    asked = frame_bytes(Kind.ASK, IMAGE, "float32")
    for node, size in enumerate(SIZES):
        student = f"n2.features-float32.student{node}"
        answered = frame_bytes(Kind.ANSWER, (1, size), "float32")
        assert set(found.samples(f"{student}.sent")) == {asked}
        assert set(found.samples(f"{student}.received")) == {answered}
        assert found.samples(f"{student}.memory")[0] > 10_000_000
    scores = frame_bytes(Kind.ANSWER, (1, 4), "float32")
    assert set(found.samples("teacher.received")) == {scores}
    assert "normalised before" in found.clock


def test_several_forms(measure):
    """Each form is a system of its own; the head is measured once, and sends fewer bytes."""
    found = measure(processes(), forms=(FEATURES, BYTES))

    check_whole(found, names("features", "float32") | names("logits", "int8"))
    answered = frame_bytes(Kind.ANSWER, (1, 4), "int8")
    assert found.samples("n2.logits-int8.student1.received") == [answered] * 3


def test_rpc_servers(measure):
    """Behind TVM's RPC the bytes are those of its own line to the device: payload and more."""
    found = measure(rpc_servers())

    check_whole(found, names("features", "float32"))
    for node, size in enumerate(SIZES):
        student = f"n2.features-float32.student{node}"
        assert min(found.samples(f"{student}.sent")) > 4 * 64
        assert min(found.samples(f"{student}.received")) > 4 * size
        assert set(found.samples(f"{student}.sent")) != {frame_bytes(Kind.ASK, IMAGE, "float32")}


def test_the_final_layer_on_a_node_of_its_own(measure):
    """With the final layer on a device the head has a time there and one over the network."""
    found = measure(processes(), head="device")

    check_whole(found, names("features", "float32") | {"n2.head.device"})
    head, there = (found.samples(name) for name in ("n2.head", "n2.head.device"))
    assert min(head) > min(there)


def test_shaped_links(tmp_path):
    """Behind a slow link a question takes the time of its bytes; what is refused has its reason."""
    size = 24
    inputs = {"images": write_large(tmp_path / "images", size), **write_weights(tmp_path, size)}
    network = {**NETWORK, "image_size": size}
    params = {"teacher": network, "student": network, "students": (2,)}
    late = {"latency_ms": 1, "bandwidth_mbit": 2}
    where = processes(shaped=(SLOW, late))
    made = run_step("measure_deployment", params, inputs, tmp_path / "made", device=where)
    found = Found(**jsonfile.read(made["record"]))

    reasons = {1: links.refusal(), 2: links.refusal() or links.latency_possible()}
    for rate, reason in reasons.items():
        for system in ("teacher", "n2.features-float32"):
            name = f"link-{rate}mbit.{system}.end-to-end"
            assert found.unavailable.get(name) == reason
            assert (name in found.series) is (reason is None)
            if reason is None:
                asked = frame_bytes(Kind.ASK, (1, 1, size, size), "float32") - links.burst(rate)
                assert min(found.samples(name)) >= asked * 8e3 / rate > 0


class Growing:
    """A counter of joules that has six more at every reading."""

    def __init__(self):
        self.readings = 0

    def joules(self):
        """Return the joules."""
        self.readings += 1
        return 6.0 * self.readings


def test_nodes_while_they_run(tmp_path, monkeypatch):
    """Each node has a core of its own; energy is that of one inference, over a meter's period."""
    _, students = networks()
    system = Deployed.students(students, Sending(**FEATURES))
    image = torch.zeros(IMAGE)
    with placed(system.jobs(Place("onnxruntime"), image), 60, tmp_path) as nodes:
        cores = [os.sched_getaffinity(server.pid) for server in nodes.devices]
        found = Samples()
        subject = Subject(2, "features", "float32")
        measuring = Measuring(subject, system, nodes, image.numpy(), 1, 3, found)
        measuring.energy(Meter("made up", 1e-9, (Growing(),)), str)
        (once,) = found.series.values()
        monkeypatch.setattr(CLOCK, itertools.count().__next__)
        measuring.energy(Meter("made up", 2.5e-9, (Growing(),)), str)
        answer, replies = system.ask(nodes, image.numpy())

    own = sorted(os.sched_getaffinity(0))
    assert cores == [{own[0]}, {own[1 % len(own)]}]
    assert once == {"unit": "joule", "samples": [6.0] * 3}
    (often,) = found.series.values()
    assert often == {"unit": "joule", "samples": [2.0] * 3}
    with torch.no_grad():
        wanted, _ = students(image)
    assert np.allclose(answer.logits, wanted.numpy(), atol=1e-4)
    assert [reply.fault for reply in replies] == [None, None]


def test_a_node_that_is_late_ends_the_measurement(measure, tmp_path, monkeypatch):
    """A node that misses the deadline is named with the reason and its log; no record is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with pytest.raises(HarnessError, match=r"teacher failed while it was measured: late") as late:
        measure(processes(deadline_ms=0.001))

    assert not list(tmp_path.rglob("record.json"))
    (log,) = tmp_path.glob("deployment-*/teacher.log")
    assert str(log.parent) in late.value.remedy


def test_tuned_kernels_are_counted(measure):
    """With a tuning record the measurement says of how many kernels of each system it knows."""
    target = {"kind": "llvm", "mcpu": "x86-64-v3"}
    where = device("local_process", runtime="tvm", target=target, tuning=TUNING)
    told = measure(where, forms=(FEATURES,)).clock
    counts = {
        name: (int(tuned), int(kernels))
        for name, tuned, kernels in re.findall(r"(\S+) (\d+) of (\d+)", told)
    }

    assert set(counts) == {"teacher", "n2.features-float32"}
    # The record is of such students with other filters, and of another teacher.
    assert all(0 < tuned < kernels for tuned, kernels in counts.values())
    assert "tuned" not in measure(processes("tvm"), forms=(FEATURES,)).clock


def test_a_device_without_nodes(measure):
    """The host itself has no nodes, and the message says which kinds have."""
    with pytest.raises(HarnessError, match="'local_process' or 'tvm_rpc'"):
        measure(None)

    with pytest.raises(HarnessError, match="lists 1 servers"):
        measure(device("tvm_rpc", servers=({"address": "127.0.0.1", "port": 9},),
                       target={"kind": "llvm"}))  # fmt: skip
