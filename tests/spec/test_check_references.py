"""Cross-checks of what refers to something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_samples import SUMS, change, problems

FAULTS = {
    "publication": (
        "{publication: talk, where: Table 1",
        "{publication: tolk, where: Table 1",
        (
            "10:27: claims.large-sum.source.publication: there is no publication 'tolk'; "
            "did you mean 'talk'?; allowed: talk"
        ),
    ),
    "table": (
        "{table: totals, row: {size: large}, column: total}\n    agrees",
        "{table: total, row: {size: large}, column: total}\n    agrees",
        "there is no table 'total'; did you mean 'totals'?; allowed: totals",
    ),
    "row": (
        "row: {size: large}",
        "row: {size: larg}",
        "no row has 'larg' under 'size'; did you mean 'large'?; allowed: 'small', 'large'",
    ),
    "missing key": (
        "row: {size: large}",
        "row: {}",
        "reproduced.row: the key column 'size' is missing; allowed: a value of each of size",
    ),
    "other key": (
        "row: {size: large}",
        "row: {size: large, sise: 1}",
        "'sise' is not a key column; did you mean 'size'?; allowed: size",
    ),
    "column": (
        "column: total}",
        "column: totals}",
        (
            "there is no table 'totals' with the column 'totals'; did you mean 'total'?; "
            "allowed: seeds, size, total, total_std"
        ),
    ),
    "unit": (
        "unit: kilobyte",
        "unit: joule",
        "'joule' cannot be compared with 'byte', the unit of the column; allowed: byte",
    ),
    "no unit": (
        "unit: byte, ",
        "",
        "the column 'total' has no unit; allowed: a column in kilobyte",
    ),
    "profile": (
        "decided_from: reviewer",
        "decided_from: reviwer",
        "there is no profile 'reviwer'; did you mean 'reviewer'?; allowed: reviewer, smoke",
    ),
    "step": (
        "step: sums.add",
        "step: sums.ad",
        "stages.total.step: there is no step 'sums.ad'; did you mean 'sums.add'?",
    ),
    "step of the harness": (
        "step: sums.add",
        "step: harness.table",
        "stages.total.step: there is no step 'harness.table'",
    ),
    "environment": (
        "environment: torch",
        "environment: troch",
        "there is no environment 'troch'; did you mean 'torch'?; allowed: harness, torch",
    ),
    "params": (
        "{count: 5, rate: 1e-3}",
        "{count: three, rte: 1}",
        (
            "stages.numbers.params.count: 'three' is not a whole number; "
            "allowed: a whole number, at least 1"
        ),
    ),
    "params key": (
        "{count: 5, rate: 1e-3}",
        "{count: 5, rte: 1}",
        "params.rte: unknown key 'rte'; did you mean 'rate'?; allowed: count, rate, spread",
    ),
    "missing param": (
        "{count: 5, rate: 1e-3}",
        "{rate: 1e-3}",
        "stages.numbers.params.count: is missing; allowed: a whole number, at least 1",
    ),
    "input stage": (
        "inputs: {numbers: numbers.values}",
        "inputs: {numbers: nubmers.values}",
        "there is no stage 'nubmers'; did you mean 'numbers'?; allowed: numbers, speed, total",
    ),
    "input output": (
        "inputs: {numbers: numbers.values}",
        "inputs: {numbers: numbers.value}",
        (
            "there is no stage 'numbers' with the output 'value'; did you mean 'values'?; "
            "allowed: log, values"
        ),
    ),
    "input kind": (
        "inputs: {numbers: numbers.values}",
        "inputs: {numbers: numbers.log}",
        "'numbers.log' is of kind record, not arrays; allowed: numbers.values",
    ),
    "missing input": (
        "    step: sums.add\n    inputs: {numbers: numbers.values}\n",
        "    step: sums.add\n",
        (
            "stages.total.inputs: the step's input 'numbers' is missing; "
            "allowed: an output of kind arrays"
        ),
    ),
    "unknown input": (
        "inputs: {numbers: numbers.values}\n    device",
        "inputs: {numbers: numbers.values, more: numbers.values}\n    device",
        "stages.speed.inputs.more: the step has no input 'more'; allowed: numbers",
    ),
    "cycle": (
        "per_seed: true\n",
        "per_seed: true\n    inputs: {images: total.rows}\n",
        "stages.numbers.inputs.images: the stages wait for each other: numbers -> total -> numbers",
    ),
    "device name": (
        "device: host",
        "device: hots",
        "stages.speed.device: there is no device 'hots'; did you mean 'host'?; allowed: host",
    ),
    "no device": (
        "    device: host\n",
        "",
        "stages.speed.device: the step measures, and needs a device; allowed: host",
    ),
    "device for nothing": (
        "per_seed: true",
        "device: host",
        "stages.numbers.device: the step 'sums.draw' measures nothing; allowed: no device",
    ),
    "table rows": (
        "rows: [total.rows]",
        "rows: [numbers.log]",
        "tables.totals.rows[0]: 'numbers.log' is of kind record, not rows; allowed: total.rows",
    ),
    "key column": (
        "key: [size]",
        "key: [sise]",
        "tables.totals.key[0]: there is no column 'sise'; did you mean 'size'?",
    ),
    "averaged column": (
        "over_seeds: [total]",
        "over_seeds: [totl]",
        "tables.totals.over_seeds[0]: there is no column 'totl'; did you mean 'total'?",
    ),
    "averaged key": (
        "over_seeds: [total]",
        "over_seeds: [size]",
        "'size' names the rows; it is not averaged over the seeds",
    ),
    "drawing": (
        "draw: sums.plot",
        "draw: sums.draw",
        "figures.dots.draw: the step 'sums.draw' draws no figure; allowed: sums.plot",
    ),
    "unused constant": (
        "seeds: [0, 1]\n",
        "seeds: [0, 1]\nconstants: {size: 3}\n",
        "constants.size: no stage and no figure uses the constant 'size'",
    ),
    "unknown constant": (
        "count: 5",
        "count: =cuont",
        "stages.numbers.params.count: there is no constant 'cuont'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_together_is_told_with_what_would(specs: Path, fault: str) -> None:
    """Each reference to what is not there is a problem with its place and a suggestion."""
    old, new, message = FAULTS[fault]

    change(specs, SUMS, old, new)

    assert message in problems(specs)


def test_a_dataset_that_is_not_there_is_told(specs: Path) -> None:
    """A dataset stage names one of the dataset specs."""
    stage = "stages:\n  data: {step: harness.dataset, params: {dataset: digits}}\n"
    change(specs, SUMS, "stages:\n", stage)

    assert "stages.data.params.dataset: there is no dataset 'digits'" in problems(specs)


def test_every_cycle_is_told(specs: Path) -> None:
    """Two cycles are two problems."""
    cycles = "\n".join(
        f"  {a}: {{step: sums.add, inputs: {{numbers: {b}.rows}}}}"
        for a, b in (("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c"))
    )
    change(specs, SUMS, "stages:\n", f"stages:\n{cycles}\n")

    found = problems(specs)

    assert "wait for each other: a -> b -> a" in found
    assert "wait for each other: c -> d -> e -> c" in found


def test_a_statement_is_compared_between_columns_of_one_kind(specs: Path) -> None:
    """A relation between bytes and seconds means nothing."""
    change(specs, SUMS, "digits: 2}", "digits: 2}\n      time: {heading: T, unit: second}")
    against = "against: {table: totals, row: {size: small}, column: t"
    change(specs, SUMS, f"{against}otal", f"{against}ime")

    assert "claims.larger.against.column: 'second' cannot be compared with 'byte'" in problems(
        specs
    )


def test_names_of_the_stages_of_tables_and_figures_are_taken(specs: Path) -> None:
    """A stage cannot be called like the stage that the harness makes for a table or figure."""
    change(specs, SUMS, "  speed:\n", "  table-speed:\n")

    assert "the names that begin with 'table-' or 'figure-' are the harness's own" in problems(
        specs
    )
