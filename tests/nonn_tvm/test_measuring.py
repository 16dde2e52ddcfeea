"""Real measurements with few samples: what is in a record, and what ends one."""

from dataclasses import dataclass

import pytest
from deployment_samples import NETWORK, SIZES, device, processes, rpc_servers, write_weights
from nonn_stage import run_step, write_images

from harness.devices import energy, links
from harness.errors import HarnessError
from harness.formats import jsonfile
from reproductions.nonn.deployment.message import Kind, frame_bytes
from reproductions.nonn.deployment.series import parse

IMAGE = (1, 1, 8, 8)
PARAMS = {"teacher": NETWORK, "student": NETWORK, "students": (2,)}
FEATURES = {"form": "features", "precision": "float32"}
BYTES = {"form": "logits", "precision": "int8"}
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


def test_shaped_links(measure):
    """Behind a slow link a question takes the time of its bytes; a refused link has its reason."""
    found = measure(processes(shaped=(SLOW,)))

    behind = "link-1mbit.n2.features-float32.end-to-end"
    if links.refusal() is not None:
        assert found.unavailable[behind] == links.refusal()
        return
    late = frame_bytes(Kind.ASK, IMAGE, "float32") - links.burst(1)
    assert {name for name in found.series if name.startswith("link-")} == {
        f"link-1mbit.{name}"
        for name in names("features", "float32") - {"n2.head"}
        if not name.endswith((".device", ".memory"))
    }
    assert min(found.samples(behind)) >= late * 8e9 / 1e6


def test_a_latency_that_cannot_be_made(measure):
    """A link whose latency the kernel cannot make is not measured without it."""
    found = measure(processes(shaped=({**SLOW, "latency_ms": 1},)))

    reason = links.refusal() or links.latency_possible()
    behind = "link-1mbit.teacher.end-to-end"
    assert (behind in found.series) is (reason is None)
    assert found.unavailable.get(behind) == reason


def test_a_node_that_is_late_ends_the_measurement(measure, tmp_path):
    """A node that misses the deadline is named with the reason, and no record is left."""
    with pytest.raises(HarnessError, match=r"teacher.* failed while it was measured: late"):
        measure(processes(deadline_ms=0.001))

    assert not list(tmp_path.rglob("record.json"))


def test_a_device_without_nodes(measure):
    """The host itself has no nodes, and the message says which kinds have."""
    with pytest.raises(HarnessError, match="'local_process' or 'tvm_rpc'"):
        measure(None)

    with pytest.raises(HarnessError, match="lists 1 servers"):
        measure(device("tvm_rpc", servers=({"address": "127.0.0.1", "port": 9},),
                       target={"kind": "llvm"}))  # fmt: skip
