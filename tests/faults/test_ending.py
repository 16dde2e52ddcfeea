"""How a program ends that has met a fault."""

import errno

import pytest

from harness.ending import ended_by
from harness.errors import HarnessError, UsageError


@pytest.mark.parametrize(
    ("fault", "program", "status", "said"),
    [
        (HarnessError("it is stale", "run it"), "", 1, "it is stale\n  run it\n"),
        (UsageError("no such paper"), "harness.documents", 2, "harness.documents: no such paper\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "results/a.csv"),
            "",
            1,
            (
                "results/a.csv: No space left on device\n"
                "  free some space on that disk; then run the command again\n"
            ),
        ),
    ],
    ids=["no", "wrong use", "full disk"],
)
def test_a_fault_is_told_and_gives_the_status(capsys, fault, program, status, said):
    """A fault is told on standard error with its way back, and its status is the program's."""
    assert ended_by(fault, program) == status
    assert capsys.readouterr() == ("", said)
