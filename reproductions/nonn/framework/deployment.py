"""Deploying trained students: compiled, placed on their devices, and asked about test images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter_ns
from typing import Literal

from harness.devices import energy
from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.formats.atomic import write_bytes
from reproductions.nonn.deployment.nodes import Job, Nodes, placed
from reproductions.nonn.deployment.place import Place
from reproductions.nonn.deployment.system import Deployed
from reproductions.nonn.determinism import settle
from reproductions.nonn.framework.config import Base
from reproductions.nonn.framework.inference import Deployment, Inference, Pass, told, write_log
from reproductions.nonn.images import Split
from reproductions.nonn.params.deployment import Sending
from reproductions.nonn.students import SharedTrunk, System

Runtime = Literal["tvm_rpc", "onnxruntime"]

RASPBERRY = {
    "kind": "llvm",
    "mtriple": "aarch64-linux-gnu",
    "mcpu": "cortex-a53",
    "mattr": ["+neon"],
}
"""A Raspberry Pi 3 B under a system of 64 bits."""

_FEATURES = Sending(form="features", precision="float32")
_NEEDS = {"tvm_rpc": ("tvm",), "onnxruntime": ("tvm", "onnx", "onnxruntime")}
# As in the release, the final layer runs on the host, whatever the students run on.
_HOST = Place("tvm", pinned=False)


@dataclass(frozen=True)
class Deploying:
    """A deployment of trained students.

    Parameters
    ----------
    system
        The trained students under their head, on the CPU.
    split
        The images that they are asked about, in their order.
    log
        The path of the inference log.
    """

    base: Base
    system: System | SharedTrunk
    split: Split
    log: Path

    def run(self, passes: int, runtime: Runtime, deadline_s: float) -> Deployment:
        """Compile the students, place them and ask them about every image so many times.

        The log is written after every pass, and so holds what was done before a fault.

        Raises
        ------
        HarnessError
            The environment or the machine lacks something; a node could not be started; or no
            node answered, which is told with the reason of each.
        """
        settle()
        place = placement(self.base, runtime)
        folder = self._folder()
        deployed = Deployed.students(self.system.eval().requires_grad_(False), _FEATURES, last=True)
        images = [batch.images.contiguous() for batch in self.split.batches(1)]
        jobs = deployed.jobs(place, images[0], _HOST)
        libraries = _kept(folder, jobs)
        done: list[Pass] = []
        students = len(deployed.modules)
        with placed(jobs, deadline_s, folder) as nodes:
            arrays = [image.numpy() for image in images]
            for number in range(1, passes + 1):
                done.append(once(deployed, nodes, arrays, self.split.labels.tolist()))
                print(told(number, students, done[-1]))
                write_log(self.log, students, done)
        return Deployment(students, tuple(done), libraries, self.log)

    def _folder(self) -> Path:
        """Make the folder of the libraries and the log, before minutes go into compiling."""
        folder = Path(self.base.deploy_dir_path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HarnessError(
                f"base.deploy_dir_path: {folder} cannot be made: {error.strerror}",
                "name a folder that can be written",
            ) from error
        return folder


def _kept(folder: Path, jobs: list[Job]) -> tuple[Path, ...]:
    """Write what the nodes load under the published names: ``lib_s0`` …, ``lib_fc``."""
    paths = []
    for number, job in enumerate(jobs):
        name = "lib_fc" if number == len(jobs) - 1 else f"lib_s{number}"
        suffix = ".onnx" if job.place.runtime == "onnxruntime" else ".so"
        paths.append(folder / f"{name}{suffix}")
        write_bytes(paths[-1], job.model.content)
    return tuple(paths)


def placement(base: Base, runtime: Runtime) -> Place:
    """Return where the students of a configuration run.

    Raises
    ------
    HarnessError
        This environment lacks the runtime; or the target goes with another runtime, or with a
        machine that this one is not.
    """
    lacking = [name for name in _NEEDS[runtime] if find_spec(name) is None]
    if lacking:
        raise HarnessError(
            f"deploy: this environment has no {', '.join(lacking)}",
            "build the environment that has it with `harness env tvm`, and run this program with "
            "bin/python in the folder that the command prints",
        )
    if base.deploy_target == "cuda":
        raise HarnessError(f"base.deploy_target 'cuda': {_no_cuda()}", "set it to 'llvm'")
    if base.deploy_target == "llvm":
        print(
            "base.deploy_target 'llvm': the students run on this machine, on servers that are "
            "started and ended here; deploy_ips and deploy_ports are not used"
        )
        return Place(runtime)
    if runtime != "tvm_rpc":
        raise HarnessError(
            f"base.deploy_target '{base.deploy_target}': its devices are reached through TVM's "
            f"RPC servers, and not with the runtime '{runtime}'",
            "deploy with runtime='tvm_rpc', or set deploy_target to 'llvm'",
        )
    servers = tuple(zip(base.deploy_ips, base.deploy_ports, strict=True))
    return Place("tvm_rpc", RASPBERRY, servers)


def once(deployed: Deployed, nodes: Nodes, images: list[Array], labels: list[int]) -> Pass:
    """Return one pass over `images`, (1, C, H, W) each, with whoever answers.

    Raises
    ------
    HarnessError
        No student answered about an image.
    """
    meter = energy.meter()
    before = meter.joules() if meter else 0.0
    found = tuple(_inferences(deployed, nodes, images, labels))
    joules = (meter.joules() - before) / len(found) if meter else None
    return Pass(found, joules)


def _inferences(
    deployed: Deployed, nodes: Nodes, images: list[Array], labels: list[int]
) -> Iterator[Inference]:
    for image, label in zip(images, labels, strict=True):
        start = perf_counter_ns()
        replies = nodes.fleet.ask(image, among=range(len(deployed.modules)))
        heard = perf_counter_ns()
        answer = deployed.answer(nodes, replies)
        end = perf_counter_ns()
        yield Inference(
            right=int(answer.logits.argmax()) == label,
            standing=answer.standing,
            nodes_ns=tuple(one.elapsed_ns for one in replies),
            devices_ns=tuple(one.device_ns for one in replies),
            head_ns=end - heard,
            total_ns=end - start,
        )


def _no_cuda() -> str:
    import tvm

    built = tvm.support.libinfo().get("USE_CUDA", "OFF")
    if str(built).upper() in ("OFF", "FALSE", "NOT-FOUND"):
        return "the TVM of this environment is built without CUDA"
    if not tvm.cuda(0).exist:
        return "this machine has no GPU that CUDA can use"
    return "students are compiled for CPUs alone"
