"""The table of compression: the figures of the publications from declared numbers."""

import pytest
from pydantic import ValidationError

from harness.formats import rows
from reproductions.nonn.params.costs import CostsParams

WRN = {"family": "wrn", "depth": 16, "width": 1}
TEACHER = {
    "name": "wrn40-4",
    "role": "teacher",
    "network": {"family": "wrn", "depth": 40, "width": 4},
}


def entry(name, network, filters):
    """Declare a student of the teacher."""
    return {
        "name": name,
        "role": "student",
        "teacher": "wrn40-4",
        "network": network,
        "filters": filters,
    }


ENTRIES = (
    TEACHER,
    entry("wrn16-1", WRN, (49, 48)),
    entry("wrn16-1", WRN, (25, 24, 24, 24)),
    entry(
        "mobilenetv2-x0.25",
        {"family": "mobilenetv2", "multiplier": 0.25},
        (49, 48),
    ),
    entry("vgg11", {"family": "vgg", "depth": 11}, (49, 48)),
)


@pytest.fixture
def table(run_step):
    """Count the costs of the declared networks, by network and number of students."""
    written = rows.read(run_step("count_costs", {"entries": ENTRIES})["rows"])
    return {(row["network"], row["students"]): row for row in written}


def test_teacher_is_the_measure(table):
    """The teacher costs 8,955,050 parameters, four bytes each, and is once itself."""
    row = table["wrn40-4", 1]

    assert (row["parameters"], row["bytes"]) == (8_955_050, 35_820_200)
    assert (row["memory_ratio"], row["macs_ratio"], row["features"]) == (1.0, 1.0, 256)


def test_student_needs_fifty_times_less_memory(table):
    """WRN16-1 with the published partition needs 50.25 times less memory, 41.6 times less work."""
    row = table["wrn16-1", 2]

    assert (row["parameters"], row["head_parameters"], row["features"]) == (178_210, 980, 97)
    assert row["total_parameters"] == 178_210 + 178_144 + 980
    assert f"{row['memory_ratio']:.2f}" == "50.25"
    assert f"{row['macs_ratio']:.1f}" == "41.6"


def test_other_students(table):
    """MobileNetV2 at a quarter is 50.50 times smaller; VGG11 is larger than its teacher."""
    assert f"{table['mobilenetv2-x0.25', 2]['memory_ratio']:.2f}" == "50.50"
    assert table["vgg11", 2]["memory_ratio"] < 1


def test_more_students_have_smaller_bridges(table):
    """With the same filters on four students each node is smaller than on two."""
    assert table["wrn16-1", 4]["parameters"] < table["wrn16-1", 2]["parameters"]
    assert table["wrn16-1", 4]["features"] == 97


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((TEACHER, TEACHER), "two entries are named 'wrn40-4' with 1 node"),
        ((TEACHER, entry("a", WRN, (1, 2)), entry("a", WRN, (2, 1))), "'a' with 2 node"),
        ((entry("a", WRN, (1, 2)),), "names teacher 'wrn40-4'; the teachers are"),
        ((TEACHER, entry("a", WRN, (0, 2))), "greater than or equal to 1"),
    ],
)
def test_bad_entries_are_refused(entries, said):
    """Entries that could not be told apart, or lack their teacher, are refused by name."""
    with pytest.raises(ValidationError, match=said):
        CostsParams.model_validate({"entries": entries})
