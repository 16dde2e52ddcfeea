"""A table spec and rows that tests change."""

from harness.spec.paper import Table

COLUMNS = {
    "network": {"heading": "Network"},
    "students": {"heading": "Students", "values": (8, 2, 4)},
    "accuracy": {"heading": "Accuracy", "unit": "percent", "digits": 2},
    "parameters": {"heading": "Parameters", "unit": "count"},
}


def table(columns=None, **changes) -> Table:
    """A table of networks, with other columns or fields."""
    spec = {
        "caption": "Accuracy.",
        "rows": ("costs.rows",),
        "key": ("network", "students"),
        "columns": columns or COLUMNS,
    }
    return Table.model_validate({**spec, **changes})


def row(network="wrn", students=2, accuracy=90.0, parameters=1000, **more):
    """A row of that table."""
    return {
        "network": network,
        "students": students,
        "accuracy": accuracy,
        "parameters": parameters,
        **more,
    }
