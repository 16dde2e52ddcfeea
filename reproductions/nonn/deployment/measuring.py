"""Samples of a system on its nodes: times, bytes, memory and energy.

An image is normalised before any clock starts. The end-to-end time reaches from the moment before
the first byte of the question is sent until the class scores are there: the way to the nodes, their
work at the same time, the way back, and the final layer on the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter_ns
from typing import Any

from harness.devices.energy import Meter
from harness.devices.servers import Server
from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.nonn.deployment.fleet import Reply
from reproductions.nonn.deployment.nodes import Nodes
from reproductions.nonn.deployment.series import HEAD, Metric, Subject
from reproductions.nonn.deployment.system import Deployed

CLOCK = (
    "time.perf_counter_ns; images are normalised before the clock starts; series 'device': the "
    "runtime's own evaluator on the device, one run a sample"
)
_UNITS: dict[Metric, str] = {
    "end-to-end": "ns",
    "device": "ns",
    "memory": "byte",
    "sent": "byte",
    "received": "byte",
    "energy": "joule",
}
_REMOTE = "the node runs on another machine, whose memory is not seen from here"


@dataclass
class Samples:
    """The series of a record as they grow, and what could not be measured, with the reason.

    `tuned` tells of how many kernels of each system the device's tuning record has a schedule.
    """

    series: dict[str, dict[str, Any]] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    tuned: list[str] = field(default_factory=list)

    def add(self, subject: Subject, metric: Metric, values: Iterable[float]) -> None:
        """Keep the samples of one metric."""
        self.series[subject.series(metric)] = {"unit": _UNITS[metric], "samples": list(values)}

    def clock(self) -> str:
        """Return what told the time, and what the code was that it was taken of."""
        return f"{CLOCK}; kernels that are tuned: {', '.join(self.tuned)}" if self.tuned else CLOCK

    def lack(self, subject: Subject, metric: Metric, reason: str) -> None:
        """Keep why one metric was not measured."""
        self.unavailable[subject.series(metric)] = reason


@dataclass(frozen=True)
class Measuring:
    """One system on its nodes while it is measured.

    Parameters
    ----------
    subject
        What the series are named after.
    image
        The image that every question holds, (1, C, H, W) float32.
    warm_up, samples
        Questions that are thrown away, and questions that count.
    """

    subject: Subject
    system: Deployed
    nodes: Nodes
    image: Array
    warm_up: int
    samples: int
    found: Samples

    def whole(self) -> None:
        """Measure the system end to end, all nodes at once.

        Raises
        ------
        HarnessError
            A node did not answer as it should; it is named with the reason.
        """
        taken, _ = self._sampled(self._whole)
        self.found.add(self.subject, "end-to-end", taken)

    def alone(self) -> None:
        """Measure every node asked alone, and the bytes of such a question.

        Raises
        ------
        HarnessError
            A node did not answer as it should; it is named with the reason.
        """
        for node in range(len(self.system.modules)):
            taken, replies = self._sampled(partial(self._alone, node))
            subject = self._node(node)
            if subject != self.subject:  # the teacher is alone anyway
                self.found.add(subject, "end-to-end", taken)
            self._counted(subject, node, [reply for (reply,) in replies])

    def devices(self) -> None:
        """Measure what needs no network: the runtime's evaluator on every device, and the memory.

        Raises
        ------
        HarnessError
            A node did not answer as it should; it is named with the reason.
        """
        for node, server in enumerate(self.nodes.devices[: len(self.system.modules)]):
            subject = self._node(node)
            self.found.add(subject, "device", self._evaluated(node, self.image))
            self._remembered(subject, server)

    def head(self) -> None:
        """Measure the final layer: on the host, or on its node from question to answer."""
        if self.system.head is None:
            return
        subject = Subject(students=self.subject.students, node=HEAD, link=self.subject.link)
        parts = [reply.array for reply in self._whole()]
        form, scales = self.system.sending.form, self.system.scales
        head = self.system.head
        if self.system.last is None:
            taken, _ = self._sampled(lambda: head.answer(parts, form, scales))
            self.found.add(subject, "end-to-end", taken)
            return
        heard, node = self.system.heard(parts), len(self.system.modules)
        taken, _ = self._sampled(lambda: self._replies([node], heard))
        self.found.add(subject, "end-to-end", taken)
        if self.subject.link is None:
            self.found.add(subject, "device", self._evaluated(node, heard))

    def energy(self, meter: Meter | None, reason: Callable[[], str]) -> None:
        """Measure the energy of one inference: what the meter counts, over many of them.

        Parameters
        ----------
        meter
            What counts joules, of the whole machine; None where there is nothing that does.
        reason
            Tells why there is none.
        """
        if meter is None:
            self.found.lack(self.subject, "energy", reason())
            return
        joules = [self._joules(meter) for _ in range(self.samples)]
        self.found.add(self.subject, "energy", joules)

    def _joules(self, meter: Meter) -> float:
        count, before = 0, meter.joules()
        end = perf_counter_ns() + meter.period_s * 1e9
        while not count or perf_counter_ns() < end:
            self._whole()
            count += 1
        return (meter.joules() - before) / count

    def _sampled(self, call: Callable[[], Any]) -> tuple[list[int], list[Any]]:
        """Return the nanoseconds that the counted calls took, and what they returned."""
        for _ in range(self.warm_up):
            call()
        taken, returned = [], []
        for _ in range(self.samples):
            start = perf_counter_ns()
            value = call()
            taken.append(perf_counter_ns() - start)
            returned.append(value)
        return taken, returned

    def _whole(self) -> tuple[Reply, ...]:
        """Ask all nodes at once, and have the head answer: the whole way of an inference."""
        replies = self._replies(range(len(self.system.modules)), self.image)
        self.system.answer(self.nodes, replies)
        return replies

    def _alone(self, node: int) -> tuple[Reply, ...]:
        return self._replies([node], self.image)

    def _replies(self, among: Iterable[int], image: Array) -> tuple[Reply, ...]:
        replies = self.nodes.fleet.ask(image, among=list(among))
        for reply in replies:
            if reply.array is None:
                raise HarnessError(
                    f"{self.nodes.names[reply.node]} failed while it was measured: {reply.fault}",
                    "nothing is kept of this measurement; the logs of the nodes are in "
                    f"{self.nodes.logs}",
                )
        return replies

    def _node(self, node: int) -> Subject:
        one = self.subject.students is None
        return self.subject if one else replace(self.subject, node=str(node))

    def _evaluated(self, node: int, image: Array) -> list[int]:
        self.nodes.fleet.time(node, image, 1, self.warm_up)
        seconds = self.nodes.fleet.time(node, image, 1, self.samples)
        return [round(1e9 * value) for value in seconds]

    def _counted(self, subject: Subject, node: int, replies: Sequence[Reply]) -> None:
        """Keep the bytes of each question on the line to the device.

        That is the host's own line to the node; or, where the node is a gateway, the line from
        there to the device.
        """
        pairs = [(reply.sent, reply.received) for reply in replies]
        if self.nodes.fleet.traffic(node) is not None:
            pairs = [self._traffic(node) for _ in range(self.samples)]
        self.found.add(subject, "sent", [sent for sent, _ in pairs])
        self.found.add(subject, "received", [received for _, received in pairs])

    def _traffic(self, node: int) -> tuple[int, int]:
        """Ask a node behind a gateway once more and return what went over its device's line."""
        before = self.nodes.fleet.traffic(node)
        self._alone(node)
        after = self.nodes.fleet.traffic(node)
        assert before is not None
        assert after is not None
        return after[0] - before[0], after[1] - before[1]

    def _remembered(self, subject: Subject, server: Server | None) -> None:
        if server is None:
            self.found.lack(subject, "memory", _REMOTE)
            return
        self.found.add(subject, "memory", [server.memory() for _ in range(self.samples)])
