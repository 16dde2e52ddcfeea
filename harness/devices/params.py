"""Parameters of the step that turns a record into rows."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from harness.devices.record import SeriesName
from harness.spec.base import Identifier, Scalar, Unit
from harness.steps import Params

COLUMNS = (
    "series",
    "unit",
    "lower_quartile",
    "median",
    "upper_quartile",
    "speed_up",
    "samples",
    "device",
    "record",
    "current",
    "complete",
)
"""The columns that every row has, beside those of `labels`."""


class SummaryParams(Params):
    """How the series of a record become rows."""

    labels: dict[SeriesName, dict[Identifier, Scalar]] = Field(
        min_length=1, description="For each series of the record: further columns of its row."
    )
    baseline: SeriesName | dict[Identifier, Scalar] | None = Field(
        None,
        description="The series that `speed_up` divides by the others' medians. Labels stand for "
        "a series of each row's own: the one with these labels that is else labelled alike.",
    )
    unit: Unit = Field(description="The unit of the medians and quartiles.")

    @model_validator(mode="after")
    def _rows_have_equal_columns(self) -> Self:
        columns = [set(label) for label in self.labels.values()]
        if any(one != columns[0] for one in columns):
            raise ValueError("every series needs the same columns under 'labels'")
        taken = sorted(columns[0].intersection(COLUMNS))
        if taken:
            raise ValueError(f"'labels' may not hold {', '.join(taken)}: each row has that already")
        for name in self.labels:
            self.baseline_of(name)
        return self

    def baseline_of(self, name: SeriesName) -> SeriesName | None:
        """Return the series with which that of `name` is compared; ValueError without one."""
        if self.baseline is None:
            return None
        if isinstance(self.baseline, str):
            if self.baseline not in self.labels:
                known = ", ".join(self.labels)
                raise ValueError(f"'baseline' is '{self.baseline}', not one of {known}")
            return self.baseline
        wanted = {**self.labels[name], **self.baseline}
        found = [other for other, label in self.labels.items() if label == wanted]
        if len(found) != 1:
            said = ", ".join(f"{key}: {value}" for key, value in wanted.items())
            raise ValueError(
                f"'{name}' is compared with the series of {said}; there are {len(found)} of them"
            )
        return found[0]
