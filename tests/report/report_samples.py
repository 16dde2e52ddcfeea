"""A small paper with its results, written as the stages write them."""

import json

from harness.formats import rows as csv_rows
from harness.report.params import ReportParams
from harness.spec.paper import Paper
from harness.spec.profile import ProfileCard
from harness.table.csv import cells
from harness.table.model import content

COLUMNS = {
    "network": {"heading": "Network"},
    "students": {"heading": "Students", "values": [1, 2, 4]},
    "size": {"heading": "Size", "unit": "megabyte", "digits": 3},
    "accuracy": {"heading": "Accuracy", "unit": "percent", "digits": 2},
}
ROWS = [
    {"network": "teacher", "students": 1, "size": 35.75, "accuracy": 95.25},
    {"network": "nonn", "students": 2, "size": 0.86, "accuracy": 94.5},
    {"network": "nonn", "students": 4, "size": 0.43, "accuracy": 93.75},
]


def cell(network, students, column, table="costs"):
    """The place of a cell."""
    return {"table": table, "row": {"network": network, "students": students}, "column": column}


def claim(agrees, reproduced, value=None, unit=None, **more):
    """A claim on one cell."""
    reported = {"statement": "It is so."} if value is None else {"value": value, "unit": unit}
    return {
        "says": "A student is small.",
        "source": {"publication": "first", "where": "table 2", "certainty": "table"},
        "reported": reported,
        "reproduced": reproduced,
        "agrees": agrees,
        **more,
    }


CLAIMS = {
    "size-exact": claim({"exact": True}, cell("nonn", 2, "size"), 0.86, "megabyte"),
    "size-other-unit": claim({"relative": 0.01}, cell("nonn", 4, "size"), 432, "kilobyte"),
    "accuracy-differs": claim({"absolute": 0.5}, cell("nonn", 2, "accuracy"), 96.0, "percent"),
    "close-to-teacher": claim(
        {"relation": "at least", "margin": 2.0},
        cell("nonn", 4, "accuracy"),
        against=cell("teacher", 1, "accuracy"),
    ),
    "energy": {
        **claim(None, None, 12, "joule", needs="needs eight Raspberry Pis"),
    },
    "at-full-size": claim(
        {"exact": True}, cell("nonn", 2, "accuracy"), 94.5, "percent", decided_from="paper"
    ),
}


def paper(claims=CLAIMS, columns=COLUMNS, **changes) -> Paper:
    """The paper's spec, as JSON would give it."""
    value = {
        "paper": "nonn",
        "title": "Networks of neural networks",
        "authors": ["A. Author"],
        "publications": {
            "first": {
                "title": "A title",
                "venue": "A venue",
                "year": 2019,
                "doi": "10.1000/a(b)c",
                "licence": "CC-BY-4.0",
            }
        },
        "seeds": [0, 1],
        "claims": claims,
        "stages": {
            "teacher": {"step": "nonn.train"},
            "students": {
                "step": "nonn.distil",
                "inputs": {"teacher": "teacher.weights"},
                "per_seed": True,
            },
            "count": {"step": "nonn.count", "inputs": {"weights": "students.weights"}},
            "other": {"step": "nonn.other"},
        },
        "tables": {
            "costs": {
                "caption": "What a node holds.",
                "rows": ["count.rows"],
                "key": ["network", "students"],
                "columns": columns,
            }
        },
        "figures": {
            "curves": {
                "caption": "How it learns.",
                "draw": "nonn.draw",
                "inputs": {"history": "students.history"},
            }
        },
        **changes,
    }
    return Paper.model_validate_json(json.dumps(value))


def params(*papers, profile="smoke", **changes) -> ReportParams:
    """The report's parameters for some papers."""
    ranks = {"smoke": 0, "paper": 2}
    card = ProfileCard(name=profile, rank=ranks[profile], says="All of it in minutes.")
    return ReportParams(
        profile=card, ranks=ranks, papers={one.paper: one for one in papers}, **changes
    )


def write(root, spec, rows=ROWS, profile="smoke"):
    """Write the table `costs` and the figure as the stages do, and return the table's path."""
    folder = root / "results" / profile / spec.paper
    path = folder / "costs.csv"
    csv_rows.write(path, cells(content("costs", spec.tables["costs"], rows)))
    (folder / "curves").mkdir(exist_ok=True)
    (folder / "curves" / "curves.svg").write_text("<svg/>")
    (folder / "curves" / "curves.png").write_bytes(b"png")
    return path
