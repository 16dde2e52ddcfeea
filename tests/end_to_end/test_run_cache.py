"""Going back to an earlier spec, which DVC answers from its run cache."""

import pytest


@pytest.fixture
def gone_back(toy):
    """Give the project after a run with another spec, with the committed spec again."""
    for old, new in (("epochs: 4", "epochs: 6"), ("epochs: 6", "epochs: 4")):
        toy.edit("specs/papers/toy.yaml", old, new)
        toy.harness("compile", check=0)
        if new == "epochs: 6":
            toy.harness("repro", check=0)
    return toy


@pytest.mark.parametrize("by", ["harness", "dvc"])
def test_return_to_an_earlier_spec_gives_the_committed_state(gone_back, by):
    """Restored outputs are on record again: every tracked byte is the committed one."""
    if by == "dvc":
        said = gone_back.dvc("repro", check=0).stdout
        assert "'toy-numbers' is cached" in said

    done = gone_back.harness("repro", check=0)

    assert "different:" not in done.stdout
    assert gone_back.git("status", "--porcelain") == ""
    gone_back.harness("verify", check=0)


def test_altered_output_is_not_taken_for_a_restored_one(toy):
    """An output and dvc.lock that were altered together are different from the record."""
    table = "results/smoke/toy/totals.csv"
    toy.edit(table, "plain", "other")
    toy.dvc("commit", "--force", "toy-table-totals", check=0)

    done = toy.harness("repro", check=1)

    assert f"toy/table-totals: different: other bytes: {table}" in done.stdout
