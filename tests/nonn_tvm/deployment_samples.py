"""Untrained networks for small images, as weights files, and devices to put them on."""

from nonn_stage import SMALL
from pydantic import TypeAdapter

from harness.formats import arrays
from harness.spec.device import Device
from reproductions.naming import under
from reproductions.nonn.networks import Classifier, initialise
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.students import Students
from reproductions.nonn.weights import snapshot

NETWORK = {"family": "wrn", "depth": 10, "width": 1, **SMALL}
SIZES = (5, 3)


def networks(size=8):
    """Return a teacher and two students of it with drawn weights, for images of that size."""
    network = WideResNet(**{**NETWORK, "image_size": size})
    teacher, students = Classifier(network), Students(network, SIZES)
    initialise(teacher, 1)
    initialise(students, 2)
    return teacher.eval(), students.eval()


def write_weights(folder, size=8):
    """Write the weights of teacher and students and return the paths by the inputs' names."""
    teacher, students = networks(size)
    paths = {name: folder / f"{name}.safetensors" for name in ("teacher", "students")}
    arrays.write_weights(paths["teacher"], snapshot(teacher))
    arrays.write_weights(paths["students"], under("n2", snapshot(students)))
    return paths


def device(kind, **changes):
    """Return a device with few samples."""
    return TypeAdapter(Device).validate_python(
        {
            "device": "few",
            "says": "A device of the tests.",
            "kind": kind,
            "warm_up": 1,
            "samples": 3,
            "tolerance": 0.5,
            "deadline_ms": 20_000,
            "link": {"latency_ms": 0, "bandwidth_mbit": 1000},
            **changes,
        },
        strict=False,
    )


def processes(runtime="onnxruntime", **changes):
    """Return a device of local processes."""
    target = {"target": {"kind": "llvm"}} if runtime == "tvm" else {}
    return device("local_process", runtime=runtime, **target, **changes)


def rpc_servers(**changes):
    """Return a device of RPC servers that are started here."""
    return device("tvm_rpc", servers="local", target={"kind": "llvm"}, **changes)
