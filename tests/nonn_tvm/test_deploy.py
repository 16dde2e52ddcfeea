"""The deployment of the authors' interface: for real, on servers that it starts itself."""

import io
import os
import signal
import socket
from contextlib import redirect_stdout
from pathlib import Path
from shutil import which

import psutil
import pytest
import torch
from framework_samples import lay_out_example, small, whole, written

from harness.devices import energy, keeper
from harness.errors import HarnessError
from reproductions.nonn import NoNN
from reproductions.nonn.survivors import heard

AARCH64, X86_64 = 183, 62  # e_machine of an ELF file
KEEPER = keeper.__file__
FOLDER = Path("deploy/deployment_files")
HEADER = (
    "Pass;Images;Accuracy;Answers of 2 students;Answers of 1 students;"
    "Student 0 answers;Student 0 median ms;Student 0 device median ms;"
    "Student 1 answers;Student 1 median ms;Student 1 device median ms;"
    "Final layer median ms;Total lower quartile ms;Total median ms;Total upper quartile ms;Energy J"
)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Return a small dataset of four classes."""
    from nonn_stage import write_images

    return write_images(tmp_path_factory.mktemp("dataset") / "images")


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """Return a folder with trained students of the small dataset."""
    folder = tmp_path_factory.mktemp("trained")
    before = Path.cwd()
    os.chdir(folder)
    try:
        whole(NoNN(config_file=written(small(images), folder)))
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def opened(images, trained, tmp_path, monkeypatch):
    """Give a function that opens the trained students in mode deploy, with a configuration."""
    monkeypatch.chdir(trained)

    def open_with(**base):
        mode = ("student", {"mode": "deploy"})
        where = ("base", {"deploy_dir_path": str(tmp_path / "deploy"), **base})
        nonn = NoNN(config_file=written(small(images, mode, where), tmp_path))
        nonn.create_teacher()
        nonn.create_student()
        return nonn

    return open_with


def log(path):
    """Return the rows of an inference log by the names of its header."""
    header, *lines = [line.split(";") for line in path.read_text().splitlines()]
    assert ";".join(header) == HEADER
    return [dict(zip(header, line, strict=True)) for line in lines]


def right(nonn, count, standing=(0, 1)):
    """Return the share of the first test images that these students classify rightly in torch."""
    split, system = nonn.images.test, nonn.student.model.eval()
    alive = torch.tensor([[student in standing for student in (0, 1)]])
    with torch.no_grad():
        _, features = system(split.normalised(split.images[:count]))
        logits = system.head(heard(features, system.sizes, alive))
    return (logits.argmax(1) == split.labels[:count]).double().mean().item()


def left():
    """Return the processes that this one has started and that still run."""
    return [
        one for one in psutil.Process().children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE
    ]  # fmt: skip


class Killing(io.StringIO):
    """An output that ends processes as soon as the first pass is told."""

    def __init__(self, word):
        super().__init__()
        self.word = word

    def write(self, text):
        """Take in `text`; at the first pass, kill the first process that has the word."""
        if text.startswith("pass 1:"):
            victims = [
                one for one in left()
                if self.word in one.cmdline() and KEEPER not in one.cmdline()
            ]  # fmt: skip
            for one in (victims[0], *victims[0].children(recursive=True)):
                one.send_signal(signal.SIGKILL)
        return super().write(text)


def test_the_example_is_deployed(tmp_path, monkeypatch, capsys):
    """The published example on the digits: trained, compiled, deployed, logged; nothing stays."""
    monkeypatch.chdir(tmp_path)
    lay_out_example(tmp_path, epochs=1)

    nonn = NoNN(config_file="configs/default.config")
    whole(nonn)
    done = nonn.student.deploy(passes=2, images=5)

    assert done.standing == {2: 10}
    assert done.accuracy == pytest.approx(right(nonn, 5))
    assert done.libraries == tuple(FOLDER / f"lib_{name}.so" for name in ("s0", "s1", "fc"))
    assert all(path.read_bytes()[:4] == b"\x7fELF" for path in done.libraries)
    rows = log(FOLDER / "digits_student_inference.csv")
    assert [(row["Pass"], row["Images"]) for row in rows] == [("1", "5"), ("2", "5")]
    assert all(row["Student 0 answers"] == "5" for row in rows)
    for row in rows:
        device, node, total = (
            float(row[name])
            for name in ("Student 1 device median ms", "Student 1 median ms", "Total median ms")
        )
        assert 0 < device < node
        assert float(row["Final layer median ms"]) < total
        assert (row["Energy J"] == "unavailable") is (energy.meter() is None)
    said = capsys.readouterr().out
    assert "deploy_ips and deploy_ports are not used" in said
    assert said.count("5 answers stand on 2 of 2 students") == 2
    assert not left()


@pytest.mark.parametrize(
    ("runtime", "word"),
    [("tvm_rpc", "tvm.exec.rpc_server"), ("onnxruntime", "onnxruntime")],
)
def test_a_server_that_is_killed(opened, runtime, word):
    """With one of two servers killed, the answers go on and say that they stand on one student."""
    nonn = opened()
    with redirect_stdout(Killing(word)) as said:
        done = nonn.student.deploy(passes=2, images=4, runtime=runtime)

    first, second = done.passes
    assert first.standing == {2: 4}
    assert second.standing == {1: 4}
    assert "pass 2: " in said.getvalue()
    assert "4 answers stand on 1 of 2 students" in said.getvalue()
    (row,) = log(done.log)[1:]
    answers = [row[f"Student {k} answers"] for k in (0, 1)]
    assert sorted(answers) == ["0", "4"]
    assert row[f"Student {answers.index('0')} median ms"] == "unavailable"
    (standing,) = {one.standing for one in second.inferences}
    assert second.accuracy == pytest.approx(right(nonn, 4, standing))
    assert not left()


def test_mode_deploy_loads_what_was_trained(opened):
    """In mode deploy the trained weights answer, in ONNX Runtime as well; nothing is trained."""
    nonn = opened()
    with pytest.raises(HarnessError, match=r"deploy\(\)"):
        nonn.student.train_model()
    done = nonn.student.deploy(passes=1, images=24, runtime="onnxruntime")

    assert done.accuracy == pytest.approx(right(nonn, 24))
    assert [path.name for path in done.libraries] == ["lib_s0.onnx", "lib_s1.onnx", "lib_fc.so"]
    assert done.median_ms > 0


def test_students_that_were_not_trained(images, tmp_path, monkeypatch):
    """Without trained weights the field and the way there are told."""
    monkeypatch.chdir(tmp_path)
    nonn = NoNN(config_file=written(small(images), tmp_path))
    nonn.create_teacher()
    nonn.teacher.execute()
    nonn.create_student()

    with pytest.raises(HarnessError, match=r"base\.student_model_path"):
        nonn.student.deploy()


@pytest.mark.parametrize(
    ("base", "arguments", "words"),
    [
        ({"deploy_target": "cuda"}, {}, "deploy_target 'cuda': "),
        ({"deploy_target": "rasp3b"}, {"runtime": "onnxruntime"}, "RPC servers, and not"),
        ({}, {"passes": 0}, "larger than zero"),
        ({}, {"images": 0}, "larger than zero"),
        ({"deploy_dir_path": "/proc/nowhere"}, {}, "cannot be made"),
    ],
)
def test_what_cannot_be_deployed(opened, base, arguments, words):
    """What this machine or this interface lacks is refused, with the field that asks for it."""
    nonn = opened(**base)

    with pytest.raises(HarnessError, match=words):
        nonn.student.deploy(**arguments)
    assert not left()


def test_a_raspberry_needs_a_cross_compiler(opened, monkeypatch):
    """Without a compiler that links for the board, its package is named."""
    nonn = opened(deploy_target="rasp3b")
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(HarnessError, match="g\\+\\+-aarch64-linux-gnu"):
        nonn.student.deploy()


@pytest.mark.skipif(not which("aarch64-linux-gnu-g++"), reason="there is no cross compiler here")
def test_a_board_that_is_not_there(opened):
    """The students are compiled for the board, and the address that nobody answers at is told."""
    with socket.socket() as one, socket.socket() as other:
        ports = []
        for bound in (one, other):  # and so nobody else can listen there
            bound.bind(("127.0.0.1", 0))
            ports.append(bound.getsockname()[1])
        nonn = opened(
            deploy_target="rasp3b", deploy_ips=["127.0.0.1", "127.0.0.1"], deploy_ports=ports
        )

        words = rf"reached at 127\.0\.0\.1, port ({ports[0]}|{ports[1]}): "
        with pytest.raises(HarnessError, match=words):
            nonn.student.deploy(passes=1, images=1)
    folder = Path(nonn.config.base.deploy_dir_path)
    machines = [int.from_bytes((folder / f"lib_{name}.so").read_bytes()[18:20], "little")
                for name in ("s0", "s1", "fc")]  # fmt: skip
    assert machines == [AARCH64, AARCH64, X86_64]
    assert not left()
