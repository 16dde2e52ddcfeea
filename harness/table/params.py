"""Parameters of the step that renders a table."""

from __future__ import annotations

from pydantic import Field

from harness.spec.base import Identifier, Name
from harness.spec.paper import Table
from harness.steps import Params


class TableParams(Params):
    """The table to render."""

    name: Name
    inputs: tuple[Identifier, ...] = Field(
        min_length=1, description="The inputs that hold the rows, in the order of `table.rows`."
    )
    table: Table
