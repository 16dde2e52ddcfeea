"""The search as a stage: from quotients and costs to the systems that are built."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_samples import MACHINE
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats import rows as tables
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.shunt.architecture import describe
from reproductions.shunt.params.search import SearchParams
from reproductions.shunt.params.shunt import Placed, Shunt, System
from reproductions.shunt.params.window import Window, windows_of
from reproductions.shunt.search import losses as knowledge
from reproductions.shunt.search.candidate import PARTS
from reproductions.shunt.search.latencies import Latencies, block_series, shunt_series
from reproductions.shunt.search.offers import candidates_of, offer, offers_of
from reproductions.shunt.search.step import rows_of, search
from reproductions.shunt.search.systems import systems_of
from reproductions.shunt.search.table import COLUMNS, needed_of

V2 = {"family": "mobilenetv2", "change_stride_layers": 2}
WEIGHTS = (9, 8, 7, 0, 30, 10, 0, 12, 4, 6, 0, 8, 10, 0, 20, 45, 0)
"""What each block of MobileNetV2 loses, in hundredths of the score; 0 where it is not residual."""


def params(**more):
    """Make the parameters of a search in MobileNetV2."""
    given_ = {"network": V2, "budgets": ({"name": "most", "metric": "macs", "keep": 0.8},)}
    return SearchParams.model_validate(given_ | more)


def quotients(seeds=(None,), network=V2):
    """Make the rows of quotients of every window, joint ones a little less than their sum."""
    blocks = describe(params(network=network).network).blocks
    found = []
    for seed in seeds:
        for window in windows_of(len(blocks)):
            residual = [at for at in window.blocks if blocks[at].residual]
            value = sum(WEIGHTS[at] for at in residual) * (0.01 - 0.0005 * len(residual))
            quotient = value + 0.001 * (seed or 0) if residual else None
            row = {"first": window.first, "last": window.last, "quotient": quotient}
            found.append(row if seed is None else {"seed": seed, **row})
    return found


def latencies():
    """Make latencies in which a block takes a microsecond and shunts of 7-12 take two."""
    times = {"original": 20_000} | {block_series(at): 1_000 for at in range(17)}
    times |= {shunt_series(Window.parse("7-12"), Shunt(architecture=at)): 2_000 for at in (1, 4)}
    return Latencies(times)


def test_published_window_saves_what_the_fact_sheet_says():
    """Blocks 7-12 of MobileNetV2 with architecture 1 save 28.77 %, and 5-10 of DeepLab 28.34 %."""
    deeplab = params(network={"family": "deeplabv3"}).network
    found = [
        offer(network, Window.parse(window), Shunt(architecture=1)).macs / network.macs
        for network, window in ((describe(params().network), "7-12"), (describe(deeplab), "5-10"))
    ]

    assert [round(100 * share, 2) for share in found] == [28.77, 28.34]


def test_choices_meet_their_budgets_and_tell_what_remains():
    """Each system leaves no more than it may, and its rows add up."""
    budgets = tuple(
        {"name": f"{metric}-{percent}", "metric": metric, "keep": percent / 100}
        for metric in ("macs", "parameters")
        for percent in (90, 80, 70)
    )
    network = describe(params().network)

    choices = rows_of(params(budgets=budgets), quotients(), None)["choices"]

    assert {row["system"] for row in choices} == {budget["name"] for budget in budgets}
    for name, windows in Counter(row["system"] for row in choices).items():
        own = [row for row in choices if row["system"] == name]
        first = own[0]
        whole = network.macs if first["metric"] == "macs" else network.parameters
        assert tuple(first) == COLUMNS
        assert first["remaining_share"] <= first["keep"]
        assert first["remaining"] == whole - sum(row["saving"] for row in own)
        assert first["remaining"] == first[str(first["metric"])]
        assert first["total_loss"] == pytest.approx(sum(row["loss"] for row in own))
        assert [row["position"] for row in own] == list(range(windows))
        assert windows <= 2
        assert {row["refused"] for row in own} == {None}


def test_one_shunt_or_two():
    """A second shunt may lose less for the same budget, and never more."""
    one, two = (
        rows_of(params(most=most), quotients(), None)["choices"][0]["total_loss"] for most in (1, 2)
    )

    assert two < one


def test_budget_that_no_choice_meets_says_by_how_much():
    """Its row has the reason in multiply-adds and percent, and another budget is served."""
    budgets = ({"name": "tiny", "keep": 0.05}, {"name": "large", "keep": 0.95})

    tiny, large = rows_of(params(budgets=budgets, most=1), quotients(), None)["choices"]

    assert (tiny["window"], large["refused"]) == (None, None)
    for said in ("1 shunt can save ", "multiply-adds at most, and 83,577,626 are needed",
                 " % would remain, and 5 % may"):  # fmt: skip
        assert said in tiny["refused"]
    with pytest.raises(HarnessError, match="no choice of windows meets the budget 'tiny'"):
        systems_of([tiny, large], ["tiny"])


def test_published_windows_stand_beside_those_of_the_search():
    """Windows that were picked by hand get rows of their own, and the search never loses more."""
    by_hand = System(name="by-hand", windows=(Placed(window=Window.parse("7-12"), shunt=Shunt()),))
    keep = 1 - 0.2877

    choices = rows_of(
        params(budgets=({"name": "same", "keep": keep},), published=(by_hand,)), quotients(), None
    )["choices"]

    hand = [row for row in choices if row["chosen_by"] == "hand"]
    found = [row for row in choices if row["chosen_by"] == "search"]
    (row,) = hand
    assert (row["window"], row["architecture"], row["keep"]) == ("7-12", 1, None)
    assert row["remaining_share"] == pytest.approx(0.7123, abs=5e-5)
    assert found[0]["total_loss"] <= row["total_loss"]
    assert systems_of(choices, ["by-hand"]) == (by_hand,)


def test_systems_of_the_rows_are_those_that_the_search_chose(tmp_path):
    """Rows that were written and read again give disjoint windows with the shunts of the search."""
    chosen = rows_of(params(width="window"), quotients(), None)["choices"]
    tables.write(tmp_path / "choices.csv", chosen)

    (system,) = systems_of(tables.read(tmp_path / "choices.csv"), ["most"])

    assert [str(placed.window) for placed in system.windows] == [row["window"] for row in chosen]
    assert {placed.shunt.width for placed in system.windows} == {"window"}
    with pytest.raises(HarnessError, match="has no system 'other'; it has most"):
        systems_of(chosen, ["other"])


def test_front_rises_and_begins_with_the_network_as_it_is():
    """Along the front savings and losses rise together, from no shunt and no loss."""
    front = rows_of(params(), quotients(), None)["front"]

    first = front[0]
    assert (first["windows"], first["remaining_share"], first["shunts"]) == ("none", 1.0, 0)
    for before, after in pairwise(front):
        assert before["total_saving"] < after["total_saving"]
        assert before["total_loss"] < after["total_loss"]
        assert after["macs_share"] == after["remaining_share"]


def test_outcomes_of_all_shunts_are_counted():
    """Every window with every shunt is on offer or has a reason, and is counted once."""
    counted = rows_of(params(), quotients(), None)["candidates"]

    found = {row["outcome"]: row["shunts"] for row in counted}
    assert sum(found.values()) == 153 * 3
    assert set(found) == {"offered", "no such shunt fits", "shunt costs more", "no residual block"}


def test_window_with_an_inner_map_that_the_head_reads_is_not_offered():
    """DeepLab's head reads a map within block 2: no window holds it."""
    network = describe(params(network={"family": "deeplabv3"}).network)

    offers = offers_of(network, [Shunt()])

    assert all(2 not in one.window.blocks for one in offers.found)
    assert offers.refused["inner map read elsewhere"] == 3 * 9


def test_shunt_with_more_multiply_adds_than_its_window_is_offered_in_no_metric():
    """What the surgery refuses is not chosen for the parameters that it saves."""
    network = describe(params().network)
    residual = [block.residual for block in network.blocks]
    losses = knowledge.losses_of({}, residual, "joint", 0.0)
    offers = offers_of(network, [Shunt(architecture=one) for one in (1, 4, 5)])
    dear = {(one.window.first, one.window.last, one.shunt) for one in offers.found if one.macs < 0}

    assert dear
    for metric in ("macs", "parameters"):
        found, _ = candidates_of(offers, losses, metric, None)
        assert not dear & {(one.first, one.last, one.shunt.shunt) for one in found}
        assert all(one.saving > 0 for one in found)


def test_budget_of_latency_takes_measured_times():
    """The saving is what the blocks took less the shunt; shunts without a time are left out."""
    chosen = params(budgets=({"name": "fast", "metric": "latency", "keep": 0.8},))

    tables_ = rows_of(chosen, quotients(), latencies())

    (row,) = tables_["choices"]
    assert (row["window"], row["saving"], row["remaining"]) == ("7-12", 4_000, 16_000)
    outcomes = {row["outcome"]: row["shunts"] for row in tables_["candidates"]}
    assert outcomes["offered"] == 2
    assert outcomes["latency not measured"] == 385
    with pytest.raises(HarnessError, match="give the stage an input 'latency'"):
        rows_of(chosen, quotients(), None)
    with pytest.raises(HarnessError, match="latency of 'block-7' was not measured"):
        rows_of(chosen, quotients(), Latencies({"original": 9, "shunt-7-12-1": 2}))


RECORD = {
    "version": 1,
    "paper": "shunt",
    "stage": "parts",
    "device": {
        "device": "host",
        "says": "This machine.",
        "kind": "host",
        "warm_up": 1,
        "samples": 3,
        "tolerance": 0.1,
    },
    "number": "0001",
    "complete": True,
    "measured": {"exported": "a" * 64},
    "clock": "time.perf_counter_ns",
    "warm_up": 1,
    "series": {
        "original": {"unit": "ms", "samples": [0.02, 0.5, 0.01]},
        "shunt-1-8x8x64-8x8x96": {"unit": "ns", "samples": [2_000, 1_000, 9_000]},
    }
    | {block_series(at): {"unit": "ns", "samples": [900, 1_000, 1_100]} for at in range(17)},
    "where": MACHINE,
    "started": "2026-01-31T12:00:00Z",
    "duration_s": 1.5,
}


def test_latencies_are_the_medians_of_a_record(tmp_path):
    """A record of parts gives whole nanoseconds, and a shunt's shape serves all of its windows."""
    jsonfile.write(tmp_path / "0001.json", RECORD)
    fast = ({"name": "fast", "metric": "latency", "keep": 0.8},)

    written = run_step(tmp_path, params(budgets=fast), {None: quotients()}, tmp_path / "0001.json")

    (row,) = written["choices"]
    assert (row["window"], row["architecture"], row["saving"]) == ("7-12", 1, 4_000)
    assert (row["remaining"], row["remaining_share"]) == (16_000, 0.8)


def run_step(folder, chosen, tables_, latency=None):
    """Run the step in `folder` with quotients by seed; return the rows that it wrote."""
    for seed, table in tables_.items():
        tables.write(folder / f"quotients-{seed}.csv", table)
    paths = {"quotients": {seed: folder / f"quotients-{seed}.csv" for seed in tables_}}
    if latency:
        paths["latency"] = {None: latency}
    kinds = {"choices": "rows", "front": "rows", "candidates": "rows"}
    outputs = Outputs(kinds, folder / "out", {name: f"{name}.csv" for name in kinds})
    search(
        Inputs(paths),
        chosen,
        outputs,
        Run("shunt", "search", 0, Checkpoint(None), Progress("search")),
    )
    outputs.check_complete()
    return {name: tables.read(folder / "out" / name / f"{name}.csv") for name in kinds}


def test_joint_quotient_is_shared_by_windows_with_the_same_residual_blocks():
    """A block that is not residual cannot be taken out: 6-9 and 7-9 lose the same."""
    residual = [block.residual for block in describe(params().network).blocks]
    rows = [{"first": 7, "last": 9, "quotient": 0.25}]

    losses = knowledge.losses_of(
        knowledge.quotients_of(rows, residual), residual, "joint", "refuse"
    )

    assert losses.parts == dict.fromkeys(((6, 9), (6, 10), (7, 9), (7, 10)), PARTS // 4)
    assert losses.missing[7, 8] == "no quotient measured"
    assert losses.missing[13, 13] == "no residual block"


def test_sum_of_quotients_counts_none_below_zero():
    """A block without which the score rises does not pay for another's knowledge."""
    residual = (False, True, True)
    rows = [{"first": at, "last": at, "quotient": value} for at, value in ((1, 0.3), (2, -0.1))]
    measured = knowledge.quotients_of(rows, residual)

    losses = knowledge.losses_of(measured, residual, "sum", 0.05)

    assert losses.parts[0, 2] == losses.parts[0, 1] == 3 * PARTS // 10
    assert losses.parts[2, 2] == 0
    assert losses.parts[0, 0] == PARTS // 20


@settings(max_examples=50)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=5), st.randoms())
def test_mean_over_seeds_does_not_depend_on_their_order(values, random):
    """Quotients are averaged exactly."""
    rows = [
        {"seed": seed, "first": 0, "last": 0, "quotient": value}
        for seed, value in enumerate(values)
    ]
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert knowledge.quotients_of(rows, [True]) == knowledge.quotients_of(shuffled, [True])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(0, 1, 0.1, 0), (0, 1, 0.2, 0)], "quotients of block 1 differ between rows of one seed"),
        ([(1, 1, 0.1, 0), (2, 2, 0.2, 1)], "quotient of block 1 exists for 1 of 2 seeds"),
        ([(1, 3, 0.1, 0)], "blocks 1 to 3; the network has 0 to 2"),
        ([(2, 1, 0.1, 0)], "blocks 2 to 1; the network has 0 to 2"),
        ([(1, 2, "nan", 0)], "quotient of the blocks 1 to 2 is 'nan', no number"),
    ],
)
def test_quotients_that_fit_no_network_are_refused(rows, said):
    """Contradictions, gaps, other networks and scores of NaN are told, and not averaged."""
    names = ("first", "last", "quotient", "seed")

    with pytest.raises(HarnessError, match=said):
        knowledge.quotients_of([dict(zip(names, row, strict=True)) for row in rows], [0, 1, 1])


@given(st.integers(1, 10**12), st.integers(1, 99))
def test_budget_is_the_decimal_number_of_the_spec(whole, percent):
    """What remains is no more than the share, and one unit more would be too much."""
    needed = needed_of(whole, percent / 100)

    assert 100 * (whole - needed) <= percent * whole < 100 * (whole - needed + 1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"budgets": ()}, "at least 1 item"),
        ({"budgets": ({"name": "a", "keep": 1.0},)}, "less than 1"),
        ({"budgets": ({"name": "a", "keep": 0.5}, {"name": "a", "keep": 0.6})}, "two systems"),
        ({"architectures": (1, 1)}, "each value is given once"),
        ({"architectures": (6,)}, "Input should be 1, 4 or 5"),
        ({"most": 0}, "greater than or equal to 1"),
    ],
)
def test_impossible_parameters_are_refused(more, said):
    """Budgets without a saving, names that are taken and shunts that do not exist."""
    with pytest.raises(ValidationError, match=said):
        params(**more)


def test_step_averages_over_seeds(tmp_path):
    """Quotients that lie on both sides of others give the choices of those others."""
    by_seed = {
        seed: [
            row if row["quotient"] is None else row | {"quotient": row["quotient"] + more}
            for row in quotients()
        ]
        for seed, more in ((3, 0.01), (5, -0.01))
    }

    written = run_step(tmp_path, params(), by_seed)

    for name, expected in rows_of(params(), quotients(), None).items():
        tables.write(tmp_path / "expected.csv", expected)
        assert written[name] == tables.read(tmp_path / "expected.csv")
