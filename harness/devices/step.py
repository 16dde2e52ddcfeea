"""The step that turns a record into rows of a table."""

from __future__ import annotations

from collections.abc import Mapping

from harness.devices import statistics
from harness.devices.measured import current
from harness.devices.params import SummaryParams
from harness.devices.record import Record, read
from harness.devices.statistics import Summary
from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run

RECORD = "record"


def summarise(inputs: Inputs, params: SummaryParams, outputs: Outputs, _run: Run) -> None:
    """Write one row a series of the input `record`: quartiles, speed-up, and whether it holds.

    Every other input is what the record measured, under the name it had in the measuring stage.
    Where one has other bytes now, the column `current` is false and no claim is verified by it.

    Raises
    ------
    HarnessError
        The record's series are not those of `params.labels`, or have another kind of unit.
    """
    record = read(inputs.path(RECORD))
    names = [name for name in inputs.names() if name != RECORD]
    outputs.rows("rows", rows(record, params, current=current(record.measured, inputs, names)))


def rows(record: Record, params: SummaryParams, *, current: bool) -> list[Row]:
    """Return one row a series, in the order of `params.labels`."""
    _same_series(record, params)
    found = {name: _summary(record, name, params.unit) for name in params.labels}
    return [
        {
            **params.labels[name],
            "series": name,
            "unit": one.unit,
            "lower_quartile": one.lower_quartile,
            "median": one.median,
            "upper_quartile": one.upper_quartile,
            "speed_up": _speed_up(found, params.baseline_of(name), one),
            "samples": one.samples,
            "device": record.device.device,
            "record": record.number,
            "current": current,
            "complete": record.complete,
        }
        for name, one in found.items()
    ]


def _speed_up(found: Mapping[str, Summary], baseline: str | None, one: Summary) -> float | None:
    return None if baseline is None else statistics.ratio(found[baseline].median, one.median)


def _same_series(record: Record, params: SummaryParams) -> None:
    there, wanted = set(record.series), set(params.labels)
    if there != wanted:
        raise HarnessError(
            f"record {record.number} of {record.paper}/{record.stage} has the series "
            f"{', '.join(sorted(there))}; 'labels' has {', '.join(sorted(wanted))}",
            "name every series of the record under 'labels', and no other",
        )


def _summary(record: Record, name: str, unit: str) -> Summary:
    try:
        return statistics.in_unit(statistics.summary(record.series[name]), unit)
    except ValueError as error:
        raise HarnessError(
            f"record {record.number} of {record.paper}/{record.stage}, series {name}: {error}",
            "give 'unit' in the step's parameters a unit of that kind",
        ) from error
