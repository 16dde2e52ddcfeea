"""Parameters of the step that renders a table."""

from __future__ import annotations

from harness.spec.base import Name
from harness.spec.paper import Table
from harness.steps import Params


class TableParams(Params):
    """The table to render; its rows come from the inputs that `table.rows` names."""

    name: Name
    table: Table
