"""What a search has foreseen beside what came of it."""

import pytest
from step_samples import run_step

from reproductions.shunt.comparison import rows_of
from reproductions.shunt.params.search import SearchParams
from reproductions.shunt.params.window import windows_of
from reproductions.shunt.search.step import rows_of as searched

V2 = {"family": "mobilenetv2", "change_stride_layers": 2}
RESIDUAL = (2, 4, 5, 7, 8, 9, 11, 12, 14, 15)
PUBLISHED = {"name": "published", "windows": ({"window": "7-12"}, {"window": "14-15"})}
COLUMNS = [
    "system", "metric", "chosen_by", "keep", "windows", "shunts", "remaining", "macs",
    "parameters", "foreseen", "score", "drop", "refused",
]  # fmt: skip


@pytest.fixture(scope="module")
def choices():
    """Search two budgets of multiply-adds, one of parameters, and one that nothing meets."""
    quotients = [
        {"first": one.first, "last": one.last, "quotient": 0.01 * len(residual)}
        for one in windows_of(17)
        if (residual := [at for at in one.blocks if at in RESIDUAL])
    ]
    budgets = (
        {"name": "keep-80", "keep": 0.8},
        {"name": "keep-60", "keep": 0.6},
        {"name": "parameters-60", "metric": "parameters", "keep": 0.6},
        {"name": "keep-5", "keep": 0.05},
    )
    how = {"network": V2, "budgets": budgets, "published": (PUBLISHED,)}
    return searched(SearchParams.model_validate(how), quotients, None)["choices"]


def final(system, score, drop, distillation="plain"):
    """Give a row of the final scores."""
    return {"system": system, "distillation": distillation, "score": score, "drop": drop}


@pytest.fixture(scope="module")
def found(choices):
    """Hold the search against three final trainings, by system and metric."""
    scores = [
        final("published", 1.0, 2.0, "attention"),
        final("published", 90.0, 3.0),
        final("keep-80", 92.0, 1.0),
    ]
    return {(row["system"], row["metric"]): row for row in rows_of(choices, scores)}


def test_one_row_for_each_system_and_metric(choices, found):
    """Budgets stand once, systems picked by hand once a metric, in the order of the search."""
    assert list(found) == [
        ("keep-80", "macs"), ("keep-60", "macs"), ("parameters-60", "parameters"),
        ("keep-5", "macs"), ("published", "macs"), ("published", "parameters"),
    ]  # fmt: skip
    assert len(choices) > len(found)
    assert all(list(row) == COLUMNS for row in found.values())


def test_what_was_foreseen_is_in_percent(choices, found):
    """Shares and losses of the search stand there as percent, with the windows joined."""
    for (system, metric), row in found.items():
        own = [one for one in choices if (one["system"], one["metric"]) == (system, metric)]
        placed = [one for one in own if one["window"]]

        assert row["windows"] == "; ".join(one["window"] for one in placed)
        assert row["shunts"] == "; ".join(str(one["architecture"]) for one in placed)
        for column, share in (
            ("keep", "keep"),
            ("remaining", "remaining_share"),
            ("macs", "macs_share"),
            ("parameters", "parameters_share"),
            ("foreseen", "total_loss"),
        ):
            known = own[0][share]
            assert row[column] == (None if known is None else pytest.approx(100 * known)), column


def test_scores_are_those_of_the_plain_training(found):
    """Of several trainings of one system the one from the labels alone is told, by every metric."""
    assert {(row["score"], row["drop"]) for key, row in found.items() if key[0] == "published"} == {
        (90.0, 3.0)
    }
    assert (found["keep-80", "macs"]["score"], found["keep-80", "macs"]["drop"]) == (92.0, 1.0)


def test_a_system_that_is_not_trained_has_no_score(found):
    """It keeps what was foreseen of it."""
    row = found["keep-60", "macs"]

    assert (row["score"], row["drop"]) == (None, None)
    assert row["foreseen"] > 0
    assert row["refused"] == ""


def test_a_budget_that_nothing_meets_tells_why(found):
    """Its row has the reason, no windows and no figures."""
    row = found["keep-5", "macs"]

    assert "multiply-adds at most" in row["refused"]
    assert (row["windows"], row["shunts"], row["keep"]) == ("", "", 5.0)
    assert [row[name] for name in ("remaining", "macs", "foreseen", "score")] == [None] * 4


def test_a_system_picked_by_hand_has_no_budget(found):
    """It has no share that may remain, and by which it was chosen is told."""
    assert (found["published", "macs"]["keep"], found["published", "macs"]["chosen_by"]) == (
        None,
        "hand",
    )
    assert found["keep-80", "macs"]["chosen_by"] == "search"


def test_the_step_reads_rows_of_files(choices, found, tmp_path):
    """From files come the same rows; empty text is nothing in a file."""
    scores = [final("published", 90.0, 3.0), final("keep-80", 92.0, 1.0)]
    (rows,) = run_step("compare_search", {}, tmp_path, choices=choices, scores=scores).values()

    assert [list(map(_text, row.items())) for row in rows] == [
        list(map(_text, row.items())) for row in found.values()
    ]


def _text(item):
    name, value = item
    return name, "" if value is None else str(value)
