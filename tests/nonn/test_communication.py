"""The table of communication: bytes of one inference, both ways."""

import pytest
from pydantic import ValidationError

from harness.formats import rows
from reproductions.nonn.params.communication import CommunicationParams

ENTRY = {
    "name": "wrn16-1",
    "network": {"family": "wrn", "depth": 16, "width": 1},
    "filters": ((49, 48), (25, 24, 24, 24), (13, 12, 12, 12, 12, 12, 12, 12)),
}


@pytest.fixture
def table(run_step):
    """Count the communication of WRN16-1, by number of devices and method."""
    written = rows.read(run_step("count_communication", {"entries": (ENTRY,)})["rows"])
    return {(row["devices"], row["method"]): row for row in written}


def test_published_partition_on_two_devices(table):
    """A layer split exchanges 12 maps of 655,360 bytes in all, 1,689 times NoNN's 388."""
    nonn, split = table[2, "nonn-features"], table[2, "layer-split"]

    assert (nonn["bytes"], nonn["ratio"]) == (388, 1.0)
    assert (split["exchanges"], split["bytes"]) == (12, 655_360)
    assert round(split["ratio"]) == 1689


def test_smaller_payloads(table):
    """Shares of the class scores take 80 bytes, features of one byte 97."""
    assert table[2, "nonn-logits"]["bytes"] == 80
    assert table[2, "nonn-int8"]["bytes"] == 97


def test_layer_split_grows_with_the_devices_and_nonn_does_not(table):
    """Each further device costs the layer split one more copy of every map, and NoNN nothing."""
    assert [table[n, "layer-split"]["bytes"] for n in (4, 8)] == [3 * 655_360, 7 * 655_360]
    assert {table[n, "nonn-features"]["bytes"] for n in (2, 4, 8)} == {388}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((ENTRY, ENTRY), "names of the entries are distinct"),
        ((ENTRY | {"filters": ((1, 2), (2, 1))},), "lists a number of devices twice"),
    ],
)
def test_bad_entries_are_refused(entries, said):
    """Entries whose rows could not be told apart are refused."""
    with pytest.raises(ValidationError, match=said):
        CommunicationParams.model_validate({"entries": entries})
