"""How long the networks take on a device: as measured, or from the rate that was measured.

A number of students that the record has is taken from it, each student with its own median. For
another number the system whose number is nearest counts, the smaller of two: its filters are
shared out as equally as can be, and each student takes its multiply-adds over the rate that the
measured students had together, their multiply-adds over their time. The head is that system's own,
which has as many inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.conversion import factor
from harness.devices import statistics
from harness.devices.record import Record
from harness.errors import HarnessError
from reproductions.nonn import architecture
from reproductions.nonn.deployment.series import HEAD, Subject, parse
from reproductions.nonn.params.deployment import Sending
from reproductions.nonn.params.network import Network


@dataclass(frozen=True)
class Work:
    """What the nodes of a system compute, and the host after them.

    Parameters
    ----------
    filters
        C_k of each student.
    compute_ms
        Milliseconds of each student on its device.
    head_ms
        Milliseconds of the host, from the answers to the class scores.
    measured
        Whether all of it was measured on as many devices.
    """

    filters: tuple[int, ...]
    compute_ms: tuple[Fraction, ...]
    head_ms: Fraction
    measured: bool


@dataclass(frozen=True)
class Times:
    """The compute times of a record.

    Parameters
    ----------
    record
        Of a deployment.
    student
        The students' network.
    filters
        C_k of each student of the systems that were trained, by their number.
    """

    record: Record
    student: Network
    filters: Mapping[int, Sequence[int]]

    def teacher_ms(self) -> Fraction:
        """Return the milliseconds of the teacher on one device."""
        return self._median(Subject().series("device"))

    def system(self, students: int, sending: Sending) -> Work:
        """Return the work of a NoNN of as many students.

        Raises
        ------
        HarnessError
            No system in the record sends in this form; or there are too few filters to share.
        """
        nearest = self._nearest(students, sending)
        measured = self._measured(nearest, sending)
        if nearest == students:
            return measured
        filters = _shared(sum(measured.filters), students)
        rate = self._rate(measured, sending)
        times = tuple(self._macs(size, sending) / rate for size in filters)
        return Work(filters, times, measured.head_ms, measured=False)

    def whole_student_ms(self, sending: Sending) -> Fraction:
        """Return the milliseconds of the student network with all of its layers, on one device."""
        rate = self._rate(self._measured(self._nearest(1, sending), sending), sending)
        return architecture.classifier(self.student).macs / rate

    def _measured(self, students: int, sending: Sending) -> Work:
        subjects = [
            Subject(students, sending.form, sending.precision, str(node))
            for node in range(students)
        ]
        times = tuple(self._median(subject.series("device")) for subject in subjects)
        head = self._median(Subject(students, node=HEAD).series("end-to-end"))
        return Work(tuple(self.filters[students]), times, head, measured=True)

    def _rate(self, work: Work, sending: Sending) -> Fraction:
        """Multiply-adds a millisecond of the students of `work`."""
        macs = sum(self._macs(size, sending) for size in work.filters)
        time = sum(work.compute_ms)
        if not time:
            raise HarnessError(
                f"record {self.record.number} of {self.record.paper}/{self.record.stage}: the "
                f"{len(work.filters)} students took no time, which gives no rate",
                "measure again, with a clock that tells the time of one run",
            )
        return macs / time

    def _macs(self, filters: int, sending: Sending) -> int:
        """Multiply-adds of a student that stands for `filters` filters, for what it sends."""
        share = filters * self.student.classes if sending.form == "logits" else 0
        return architecture.student(self.student, filters).macs + share

    def _nearest(self, students: int, sending: Sending) -> int:
        there = {
            subject.students
            for subject, metric in map(self._parsed, self.record.series)
            if subject.students is not None
            and (subject.form, subject.precision) == (sending.form, sending.precision)
            and (metric, subject.link) == ("device", None)
        }
        known = sorted(there & set(self.filters))
        if not known:
            raise HarnessError(
                f"record {self.record.number} of {self.record.paper}/{self.record.stage} has no "
                f"device times of students that send {sending.form} in {sending.precision}",
                "measure them, or leave this out of 'forms'",
            )
        return min(known, key=lambda number: (abs(number - students), number))

    def _parsed(self, name: str) -> tuple[Subject, str]:
        try:
            return parse(name)
        except ValueError as error:
            raise HarnessError(
                f"record {self.record.number} of {self.record.paper}/{self.record.stage}: {error}",
                "give the input 'record' one that 'nonn.measure_deployment' has made",
            ) from error

    def _median(self, name: str) -> Fraction:
        series = self.record.series.get(name)
        if series is None:
            reason = self.record.unavailable.get(name)
            raise HarnessError(
                f"record {self.record.number} of {self.record.paper}/{self.record.stage} has no "
                f"series '{name}'" + (f": {reason}" if reason else ""),
                "give the input 'record' one that 'nonn.measure_deployment' has made",
            )
        median = statistics.summary(series).median
        return Fraction(repr(median)) * factor(series.unit, "ms")


def _shared(filters: int, students: int) -> tuple[int, ...]:
    """Share `filters` as equally as can be, the larger parts first."""
    if filters < students:
        raise HarnessError(
            f"{filters} filters cannot be shared among {students} students",
            "leave such numbers out of 'devices'",
        )
    least, more = divmod(filters, students)
    return (least + 1,) * more + (least,) * (students - more)
