"""The step that measures a deployment: teacher and students on nodes of a device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from harness.devices import energy, links
from harness.spec.device import Link, LocalProcess, TvmRpc
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.deployment.form import calibrate
from reproductions.nonn.deployment.measuring import Measuring, Samples
from reproductions.nonn.deployment.nodes import Job, Nodes, placed, temporary_logs
from reproductions.nonn.deployment.place import Place, place_of
from reproductions.nonn.deployment.series import Subject
from reproductions.nonn.deployment.system import Deployed
from reproductions.nonn.determinism import settle
from reproductions.nonn.images import read_split
from reproductions.nonn.params.deployment import DeploymentParams
from reproductions.nonn.students import trained
from reproductions.nonn.teacher import read_teacher


@dataclass(frozen=True)
class _Setting:
    """What all systems of one measurement have in common.

    Parameters
    ----------
    image
        The image of every question, normalised, (1, C, H, W).
    shaped
        The links that are made for real as well.
    logs
        For the logs of the nodes' processes.
    """

    place: Place
    device: LocalProcess | TvmRpc
    image: Tensor
    shaped: tuple[Link, ...]
    logs: Path
    found: Samples

    def measure(self, subject: Subject, system: Deployed, *, head: bool) -> None:
        """Measure one system, over the network as it is and behind every shaped link.

        Every time it gets fresh processes, so that one memory is not counted with another.
        """
        jobs = system.jobs(self.place, self.image)
        if self.place.tuning is not None:
            tuned, kernels = (sum(counts) for counts in zip(*map(_tuned, jobs), strict=True))
            name = subject.series("device").removesuffix(".device")
            self.found.tuned.append(f"{name} {tuned} of {kernels}")
        with self._placed(jobs, ()) as nodes:
            measuring = self._measuring(subject, system, nodes)
            measuring.whole()
            measuring.alone()
            measuring.devices()
            if head:
                measuring.head()
            measuring.energy(energy.meter(), energy.unavailable_because)
        for link in self.shaped:
            self._behind(link, replace(subject, link=link.bandwidth_mbit), system, jobs)

    def _behind(self, link: Link, subject: Subject, system: Deployed, jobs: Sequence[Job]) -> None:
        """Measure the whole system again, with every node behind a link of its own."""
        reason = links.refusal() or (links.latency_possible() if link.latency_ms else None)
        if reason is not None:
            self.found.lack(subject, "end-to-end", reason)
            return
        with links.shaped(link, len(jobs)) as ends, self._placed(jobs, ends) as nodes:
            self._measuring(subject, system, nodes).whole()

    def _placed(
        self, jobs: Sequence[Job], ends: Sequence[links.Node]
    ) -> AbstractContextManager[Nodes]:
        return placed(jobs, self.device.deadline_ms / 1000, self.logs, ends)

    def _measuring(self, subject: Subject, system: Deployed, nodes: Nodes) -> Measuring:
        counts = (self.device.warm_up, self.device.samples)
        return Measuring(subject, system, nodes, self.image.numpy(), *counts, self.found)


def measure_deployment(
    inputs: Inputs, params: DeploymentParams, outputs: Outputs, run: Run
) -> None:
    """Step: measure the teacher on one node, and each system of students on a node each.

    A node that fails ends the measurement: a record never mixes what a whole system does with
    what a broken one does.

    Raises
    ------
    HarnessError
        The device has no nodes or too few; or a node failed, which is named with the reason.
    """
    settle()
    device, found = run.device, Samples()
    most = max(params.students) + (params.head == "device")
    place = place_of(device, run.stage, most)
    assert isinstance(device, LocalProcess | TvmRpc)
    shaped = device.shaped if isinstance(device, LocalProcess) else ()
    image = next(read_split(inputs, "test", params.student).batches(1)).images.contiguous()
    total = 1 + len(params.students) * len(params.forms)
    with temporary_logs() as logs:
        setting = _Setting(place, device, image, shaped, logs, found)
        for done, (subject, system, head) in enumerate(_systems(inputs, params), start=1):
            setting.measure(subject, system, head=head)
            run.progress(done, total, subject.series("end-to-end"))
    outputs.record(
        "record",
        {
            "clock": found.clock(),
            "warm_up": device.warm_up,
            "series": found.series,
            "unavailable": found.unavailable,
        },
    )


def _tuned(job: Job) -> tuple[int, int]:
    return job.model.tuned, job.model.kernels


def _systems(inputs: Inputs, params: DeploymentParams) -> Iterator[tuple[Subject, Deployed, bool]]:
    """Yield the teacher and each system in each form: name, itself, whether its head is measured.

    That is done once for a number of students, in the first form.
    """
    yield Subject(), Deployed.whole(read_teacher(inputs, "teacher", params.teacher)), False
    weights = inputs.weights("students")
    validation = read_split(inputs, "validation", params.student)
    for number in params.students:
        system = trained(params.student, weights, number).requires_grad_(False)
        for sending in params.forms:
            whole = sending.precision == "int8"
            scales = calibrate(system, validation, sending.form) if whole else None
            deployed = Deployed.students(system, sending, scales, last=params.head == "device")
            subject = Subject(number, sending.form, sending.precision)
            yield subject, deployed, sending == params.forms[0]
