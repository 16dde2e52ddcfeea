"""What teacher and students cost: parameters, multiply-adds, bytes, and the ratio to the teacher.

Everything is counted on descriptions, for one image, with four bytes a parameter. A student node
holds a backbone and its bridge; the linear head runs on the device that collects the features
and is told apart. Ratios compare the teacher with the largest node (CVPRW 2020, abstract:
50 times less memory; derived from the released partition: 8,955,050 / 178,210 = 50.25).
"""

from __future__ import annotations

from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn import architecture
from reproductions.nonn.params.costs import CostsParams, StudentEntry, TeacherEntry

BYTES = 4
"""Bytes of a number in single precision."""


def teacher_row(entry: TeacherEntry) -> Row:
    """Count a teacher, which is one node with its head in it."""
    whole = architecture.classifier(entry.network)
    features = architecture.filters(entry.network)
    head = architecture.head_of(features, entry.network.classes)
    return {
        "network": entry.name,
        "students": 1,
        "role": entry.role,
        "teacher": entry.name,
        "parameters": whole.parameters,
        "macs": whole.macs,
        "bytes": BYTES * whole.parameters,
        "memory_ratio": 1.0,
        "macs_ratio": 1.0,
        "features": features,
        "head_parameters": head.parameters,
        "total_parameters": whole.parameters,
    }


def student_row(entry: StudentEntry, teacher: TeacherEntry) -> Row:
    """Count a NoNN: its largest node, its head, and all nodes with the head."""
    nodes = [architecture.student(entry.network, filters) for filters in entry.filters]
    features = sum(entry.filters)
    head = architecture.head_of(features, entry.network.classes)
    parameters = max(node.parameters for node in nodes)
    macs = max(node.macs for node in nodes)
    whole = architecture.classifier(teacher.network)
    return {
        "network": entry.name,
        "students": len(nodes),
        "role": entry.role,
        "teacher": teacher.name,
        "parameters": parameters,
        "macs": macs,
        "bytes": BYTES * parameters,
        "memory_ratio": whole.parameters / parameters,
        "macs_ratio": whole.macs / macs,
        "features": features,
        "head_parameters": head.parameters,
        "total_parameters": sum(node.parameters for node in nodes) + head.parameters,
    }


def rows_of(params: CostsParams) -> list[Row]:
    """Return one row for each entry, in their order."""
    teachers = {entry.name: entry for entry in params.entries if isinstance(entry, TeacherEntry)}
    return [
        teacher_row(entry)
        if isinstance(entry, TeacherEntry)
        else student_row(entry, teachers[entry.teacher])
        for entry in params.entries
    ]


def count_costs(inputs: Inputs, params: CostsParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: count what the networks cost."""
    outputs.rows("rows", rows_of(params))
