"""The names of the series of a deployment's record: written by the measurement, read by others.

``teacher.end-to-end``, ``n2.features-float32.student0.device``, ``n2.head``, and the same under
``link-10mbit.`` where the link between the nodes and the host was shaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Metric = Literal["end-to-end", "device", "memory", "sent", "received", "energy"]
HEAD = "head"
ALL = "all"

_NAME = re.compile(
    r"(?:link-(?P<link>[0-9.]+)mbit\.)?"
    r"(?:(?P<teacher>teacher)|n(?P<students>[0-9]+))"
    r"(?:\.(?P<form>features|logits)-(?P<precision>float32|int8))?"
    r"(?:\.(?:student(?P<student>[0-9]+)|(?P<head>head)))?"
    r"(?:\.(?P<metric>end-to-end|device|memory|sent|received|energy))?"
)


@dataclass(frozen=True)
class Subject:
    """What a series belongs to.

    Parameters
    ----------
    students
        How many there are; None for the teacher.
    form, precision
        What the students send; empty for the teacher and for the head, which all forms share.
    node
        ``"0"`` and the like for a student asked alone, `HEAD`, or `ALL`.
    link
        The rate of the shaped link in Mbit/s; None where the link was left as it is.
    """

    students: int | None = None
    form: str = ""
    precision: str = ""
    node: str = ALL
    link: float | None = None

    def series(self, metric: Metric) -> str:
        """Return the name of the series of `metric`."""
        words = [] if self.link is None else [f"link-{rate(self.link)}mbit"]
        words.append("teacher" if self.students is None else f"n{self.students}")
        if self.form:
            words.append(f"{self.form}-{self.precision}")
        if self.node == HEAD:
            # The head is one number an inference: what it takes from the answers to the scores.
            return ".".join([*words, HEAD, *([] if metric == "end-to-end" else [metric])])
        if self.node != ALL:
            words.append(f"student{self.node}")
        return ".".join([*words, metric])


def rate(bandwidth_mbit: float) -> str:
    """Return a rate in Mbit/s as it stands in a name: ``10``, ``2.5``."""
    return f"{bandwidth_mbit:.6f}".rstrip("0").rstrip(".")


def parse(name: str) -> tuple[Subject, Metric]:
    """Return what the series `name` belongs to, and what it holds; ValueError for another name."""
    found = _NAME.fullmatch(name)
    if found is None or (found["metric"] is None and found["head"] is None):
        raise ValueError(f"'{name}' is no series of a deployment")
    subject = Subject(
        students=None if found["students"] is None else int(found["students"]),
        form=found["form"] or "",
        precision=found["precision"] or "",
        node=found["head"] or found["student"] or ALL,
        link=None if found["link"] is None else float(found["link"]),
    )
    metric: Metric = found["metric"] or "end-to-end"  # type: ignore[assignment]
    return subject, metric
