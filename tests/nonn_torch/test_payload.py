"""What students send over a connection: counted against the formula, and as good as without it."""

import numpy as np
import pytest
import torch
from nonn_stage import STUDENT, run_step

from harness.formats import arrays, rows
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.naming import under
from reproductions.nonn.communication import rows_of_devices
from reproductions.nonn.deployment.message import Kind, frame_bytes
from reproductions.nonn.evaluation import accuracy
from reproductions.nonn.images import read_split
from reproductions.nonn.params.communication import DistributedEntry
from reproductions.nonn.params.payload import PayloadParams
from reproductions.nonn.payload import wire
from reproductions.nonn.students import build
from reproductions.nonn.weights import snapshot

SIZES = {2: (5, 3), 3: (4, 3, 3)}
PARAMS = PayloadParams(student=STUDENT, students=(2, 3), batch_size=7)


@pytest.fixture(scope="module")
def systems():
    """Return untrained systems of two and three students, whose statistics suit their images."""
    run = Run("nonn", "students", 0, Checkpoint(None), Progress("students"))
    made = {
        number: build(PARAMS.student, own, compat=False, run=run) for number, own in SIZES.items()
    }
    images = torch.rand((32, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    for system in made.values():
        system.train()
        with torch.no_grad():
            for _ in range(40):
                system(images)
        system.eval()
    return made


@pytest.fixture(scope="module")
def outputs(systems, images, tmp_path_factory):
    """Return a function that runs the step and gives the path of its rows."""
    folder = tmp_path_factory.mktemp("payload")
    held = [under(f"n{number}", snapshot(system)) for number, system in systems.items()]
    arrays.write_weights(folder / "students.safetensors", held[0] | held[1])
    inputs = {"images": images, "students": folder / "students.safetensors"}
    return lambda name: run_step("payload", PARAMS.model_dump(), inputs, folder / name)["rows"]


@pytest.fixture(scope="module")
def found(outputs):
    """Return the rows by students, form and precision."""
    return {
        (row["students"], row["form"], row["precision"]): row for row in rows.read(outputs("found"))
    }


@pytest.mark.parametrize("number", SIZES)
def test_bytes_are_those_of_the_formulas(found, number):
    """Counted bytes are those of N frames, and the payload is that of the communication table."""
    entry = DistributedEntry(name="small", network=STUDENT, filters=(SIZES[number],))
    counted = {row["method"]: row["bytes"] for row in rows_of_devices(entry, SIZES[number])}

    methods = {
        ("features", "float32"): "nonn-features",
        ("features", "int8"): "nonn-int8",
        ("logits", "float32"): "nonn-logits",
    }
    for (form, precision), method in methods.items():
        assert found[number, form, precision]["payload_bytes"] == counted[method]
    assert found[number, "logits", "int8"]["payload_bytes"] == counted["nonn-logits"] / 4
    for form in ("features", "logits"):
        lengths = SIZES[number] if form == "features" else [4] * number
        for precision in ("float32", "int8"):
            row = found[number, form, precision]
            frames = [frame_bytes(Kind.ANSWER, (1, length), precision) for length in lengths]
            assert row["wire_bytes"] == sum(frames) > row["payload_bytes"]
            assert row["values"] == sum(lengths)


@pytest.mark.parametrize("number", SIZES)
def test_what_arrived_is_as_good_as_the_system(found, systems, images, number):
    """In single precision both forms have the accuracy of the system and agree on each image."""
    split = read_split(Inputs({"images": {None: images}}), "test", PARAMS.student)

    for form in ("features", "logits"):
        row = found[number, form, "float32"]
        assert row["accuracy"] == accuracy(systems[number], split, 24)
        assert row["agreement"] == 100


def test_bytes_agree_on_most_images(found):
    """Of the numbers of one byte the head makes the same class for at least three of four."""
    coarse = [row["agreement"] for key, row in found.items() if key[2] == "int8"]

    assert len(coarse) == 4
    assert min(coarse) >= 75


def test_agreement_is_with_the_released_form(outputs, systems, monkeypatch):
    """When bytes are scaled to nothing the head's answer is its bias, and the agreement tells."""
    from reproductions.nonn import payload

    monkeypatch.setattr(
        payload, "calibrate", lambda system, *_: [np.full(4, 1e9, np.float32)] * len(system.sizes)
    )
    monkeypatch.setattr(payload, "FORMS", (("features", "float32"), ("logits", "int8")))

    plain, coarse, *_ = rows.read(outputs("nothing"))

    assert plain["agreement"] == 100
    assert coarse["agreement"] < 60
    assert coarse["accuracy"] == 25


def test_the_same_bytes_again(outputs):
    """Two runs write the same rows."""
    assert outputs("one").read_bytes() == outputs("two").read_bytes()


def test_the_wire_carries_every_bit():
    """What arrives has the type, the shape and the bits of what was sent, frame after frame."""
    parts = [np.array([[1.5, -0.0, 3e-45]], np.float32), np.array([[-127, 0, 127]], np.int8)]

    with wire() as line:
        arrived = [line.carry(number, part) for number, part in enumerate(parts)]
        total = line.received

    assert [(one.dtype, one.tobytes()) for one in arrived] == [
        (one.dtype, one.tobytes()) for one in parts
    ]
    assert total == sum(frame_bytes(Kind.ANSWER, one.shape, one.dtype.name) for one in parts)
