"""What a deployment found out: every image of every pass, and the inference log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from harness.devices.statistics import HALF, QUARTER, quantile
from harness.formats.atomic import write_text

UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Inference:
    """One image: what was answered, by whom, and how long it took.

    Parameters
    ----------
    right
        Whether the class is the image's own.
    standing
        The students that the answer stands on.
    nodes_ns
        From the question to the answer of each student; None of one that did not answer.
    devices_ns
        The time on its device of each.
    head_ns
        From the last answer until the class scores were there.
    total_ns
        From the question until the class scores were there; the normalisation is done before.
    """

    right: bool
    standing: tuple[int, ...]
    nodes_ns: tuple[int | None, ...]
    devices_ns: tuple[int | None, ...]
    head_ns: int
    total_ns: int


@dataclass(frozen=True)
class Pass:
    """All images once.

    Parameters
    ----------
    joules
        Energy of the whole machine for one image; None where nothing measures it.
    """

    inferences: tuple[Inference, ...]
    joules: float | None

    @property
    def accuracy(self) -> float:
        """The share of the images that were classified rightly."""
        return sum(one.right for one in self.inferences) / len(self.inferences)

    @property
    def standing(self) -> Counter[int]:
        """How many answers stand on how many students."""
        return Counter(len(one.standing) for one in self.inferences)


@dataclass(frozen=True)
class Deployment:
    """What a deployment did; made by `Student.deploy`.

    Parameters
    ----------
    students
        How many there are.
    libraries
        The compiled students, and the final layer last.
    log
        The inference log.
    """

    students: int
    passes: tuple[Pass, ...]
    libraries: tuple[Path, ...]
    log: Path

    @property
    def accuracy(self) -> float:
        """The share of all answers that were right."""
        return sum(one.accuracy for one in self.passes) / len(self.passes)

    @property
    def standing(self) -> Counter[int]:
        """How many answers stand on how many students."""
        return sum((one.standing for one in self.passes), Counter())

    @property
    def median_ms(self) -> float:
        """The median time of an image over all passes, in ms."""
        taken = [one.total_ns for whole in self.passes for one in whole.inferences]
        return _ms(taken, HALF)


def told(number: int, students: int, done: Pass) -> str:
    """Return one line about a pass: accuracy, time, and what the answers stand on."""
    taken = _ms([one.total_ns for one in done.inferences], HALF)
    standing = ", ".join(
        f"{count} answers stand on {there} of {students} students"
        for there, count in sorted(done.standing.items(), reverse=True)
    )
    return (
        f"pass {number}: accuracy {done.accuracy:.4f}, median {taken:.3f} ms an image; {standing}"
    )


def write_log(path: Path, students: int, passes: Sequence[Pass]) -> None:
    """Write the inference log anew: a header and one row a pass, fields between semicolons.

    Times are medians over the images of the pass that the student answered, in ms; the energy is
    that of one image. What is not known stands as `unavailable`.
    """
    lines = [_header(students)]
    lines += [_cells(number, students, one) for number, one in enumerate(passes, start=1)]
    write_text(path, "".join(";".join(line) + "\n" for line in lines))


def _header(students: int) -> list[str]:
    each = [
        f"Student {k} {what}"
        for k in range(students)
        for what in ("answers", "median ms", "device median ms")
    ]
    total = [f"Total {what} ms" for what in ("lower quartile", "median", "upper quartile")]
    heard = [f"Answers of {there} students" for there in range(students, 0, -1)]
    first = ["Pass", "Images", "Accuracy", *heard]
    return [*first, *each, "Final layer median ms", *total, "Energy J"]


def _cells(number: int, students: int, done: Pass) -> list[str]:
    found = done.inferences
    each: list[str] = []
    for k in range(students):
        taken = [one.nodes_ns[k] for one in found]
        devices = [one.devices_ns[k] for one in found]
        answers = sum(k in one.standing for one in found)
        each += [str(answers), _median(taken), _median(devices)]
    total = [one.total_ns for one in found]
    return [
        str(number),
        str(len(found)),
        repr(done.accuracy),
        *(str(done.standing[there]) for there in range(students, 0, -1)),
        *each,
        _median([one.head_ns for one in found]),
        *(repr(_ms(total, share)) for share in (QUARTER, HALF, 1 - QUARTER)),
        UNAVAILABLE if done.joules is None else repr(done.joules),
    ]


def _median(taken: Sequence[int | None]) -> str:
    there = [one for one in taken if one is not None]
    return repr(_ms(there, HALF)) if there else UNAVAILABLE


def _ms(taken: Sequence[int], share: Fraction) -> float:
    return quantile(taken, share) / 1e6
