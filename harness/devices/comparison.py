"""Two records of one stage side by side."""

from __future__ import annotations

from harness.devices.record import Record, Series
from harness.devices.statistics import Summary, in_unit, inside, ratio, summary
from harness.errors import plain
from harness.spec.base import Spec
from harness.spec.device import Device


class Row(Spec):
    """One series in both records, in the unit of the older."""

    series: str
    unit: str
    old: float | None
    new: float | None
    ratio: float | None
    inside: bool
    note: str


class Comparison(Spec):
    """The medians of two records, and whether they lie inside the device's tolerance."""

    paper: str
    stage: str
    device: str
    old: str
    new: str
    tolerance: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def inside(self) -> bool:
        """Whether every series lies inside the tolerance."""
        return all(row.inside for row in self.rows)


def compare(old: Record, new: Record) -> Comparison:
    """Return `old` and `new` side by side; the tolerance is the one that `old` declared."""
    tolerance = old.device.tolerance
    names = [*old.series, *(name for name in new.series if name not in old.series)]
    return Comparison(
        paper=old.paper,
        stage=old.stage,
        device=old.device.device,
        old=old.number,
        new=new.number,
        tolerance=tolerance,
        rows=tuple(
            _row(name, old.series.get(name), new.series.get(name), tolerance) for name in names
        ),
        notes=_notes(old, new),
    )


def _row(name: str, old: Series | None, new: Series | None, tolerance: float) -> Row:
    if old is None or new is None:
        (one,) = (summary(series) for series in (old, new) if series is not None)
        return Row(
            series=name,
            unit=one.unit,
            old=None if old is None else one.median,
            new=None if new is None else one.median,
            ratio=None,
            inside=False,
            note="only in the new record" if old is None else "only in the old record",
        )
    before, after = summary(old), summary(new)
    converted = _converted(after, before.unit)
    return Row(
        series=name,
        unit=before.unit,
        old=before.median,
        new=None if converted is None else converted.median,
        ratio=None if converted is None else ratio(converted.median, before.median),
        inside=converted is not None and inside(before.median, converted.median, tolerance),
        note="" if converted is not None else f"the new record is in {after.unit}",
    )


def _converted(one: Summary, unit: str) -> Summary | None:
    try:
        return in_unit(one, unit)
    except ValueError:
        return None


def _notes(old: Record, new: Record) -> tuple[str, ...]:
    """What else differs and may explain the numbers."""
    found = []
    if old.measured != new.measured:
        found.append("the two measured other bytes (see 'measured' in the records)")
    if old.device.planned() != new.device.planned():
        found.append(_other_device(old.device, new.device))
    if old.where.fingerprint != new.where.fingerprint:
        found.append(f"another CPU: {old.where.cpu}, then {new.where.cpu}")
    if old.where.libraries != new.where.libraries:
        found.append("other versions of libraries")
    for record in (old, new):
        if not record.complete:
            found.append(f"record {record.number} is not complete")
        found += [
            f"record {record.number} has no '{name}': {why}"
            for name, why in record.unavailable.items()
        ]
    return tuple(found)


def _other_device(old: Device, new: Device) -> str:
    if old.device != new.device:
        return f"another device: '{old.device}', then '{new.device}'"
    return f"the spec of device '{old.device}' was another"


def text(comparison: Comparison) -> str:
    """Return the comparison as aligned lines for people."""
    header = ("series", f"record {comparison.old}", f"record {comparison.new}", "ratio", "")
    body = [_cells(row) for row in comparison.rows]
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (header, *body)
    ]
    verdict = "inside" if comparison.inside else "outside"
    lines.append(f"{verdict} the tolerance of {comparison.tolerance:g} of '{comparison.device}'")
    # The words of a record were written elsewhere, and go to a terminal.
    return plain("\n".join([*lines, *(f"note: {note}" for note in comparison.notes)])) + "\n"


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    return (
        row.series,
        _amount(row.old, row.unit),
        _amount(row.new, row.unit),
        "-" if row.ratio is None else f"{row.ratio:.3f}",
        row.note or ("inside" if row.inside else "outside"),
    )


def _amount(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.6g} {unit}"
