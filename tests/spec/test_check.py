"""Cross-checks of specs that are right by themselves."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec_samples import PAPER, STEPS

from harness.spec.check import check_specs
from harness.spec.problem import render

SUMS = "papers/sums.yaml"


def problems(specs: Path) -> str:
    """Return every problem of the specs, as a user sees them."""
    return render(check_specs(specs, STEPS).problems)


def change(specs: Path, file: str, old: str, new: str) -> None:
    """Replace `old` by `new` in a spec."""
    path = specs / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_small_project_is_valid(specs: Path) -> None:
    """A good project has no problem, in any profile."""
    found = check_specs(specs, STEPS)

    assert (found.specs, found.profiles, found.problems) == (7, 2, ())


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


def test_a_profile_changes_and_never_adds(specs: Path) -> None:
    """A misspelt stage in a profile is not a new stage."""
    change(specs, "profile/reviewer.yaml", "seeds: [0, 1, 2]", "stages: {totl: {per_seed: true}}")

    assert problems(specs).splitlines() == [
        (
            "specs/profile/reviewer.yaml:4:26: papers.sums.stages.totl: there is no stage 'totl' "
            "that a profile could change; did you mean 'total'?; allowed: numbers, speed, total"
        ),
        "1 problem in 1 file",
    ]


def test_a_profile_keeps_mappings_and_lists_what_they_are(specs: Path) -> None:
    """Hydra cannot put a list in place of a mapping; the message says so before Hydra fails."""
    change(specs, "profile/reviewer.yaml", "seeds: [0, 1, 2]", "stages: [total]")

    assert "papers.sums.stages: a list cannot take the place of a mapping" in problems(specs)


def test_a_profile_of_a_paper_that_is_not_there_is_told(specs: Path) -> None:
    """A misspelt paper in a profile is not a new paper."""
    change(specs, "profile/reviewer.yaml", "{sums:", "{sum:")

    assert "there is no paper 'sum' that a profile could change; did you mean 'sums'?" in problems(
        specs
    )


def test_a_bad_value_of_a_profile_is_found_in_the_profile(specs: Path) -> None:
    """What a profile changes is checked there, and only there."""
    changed = "stages: {numbers: {params: {count: 0}}}"
    change(specs, "profile/reviewer.yaml", "seeds: [0, 1, 2]", changed)

    assert problems(specs).splitlines() == [
        (
            "specs/profile/reviewer.yaml:4:52: papers.sums.stages.numbers.params.count: 0 is too "
            "small; allowed: a whole number, at least 1"
        ),
        "1 problem in 1 file",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  - papers@papers.sums: sums\n", "", "the entry 'papers@papers.sums: sums' is missing"),
        ("sums: sums", "sums: sum", "did you mean 'papers@papers.sums: sums'?"),
        ("profile: smoke", "profile: smok", "there is no profile 'smok'; did you mean 'smoke'?"),
        ("  - _self_\n", "", "stands first; allowed: '_self_' as the first entry"),
        ("made_by", "madeby", "madeby: unknown key 'madeby'; did you mean 'made_by'?"),
        ("edit the specs", "edit", "made_by: 'harness compile from specs/; edit, not this file'"),
        ("  - profile: smoke\n", "", "allowed: 'profile: <name>' as the last entry"),
    ],
)
def test_the_list_of_what_is_composed_is_whole(
    specs: Path, old: str, new: str, message: str
) -> None:
    """Every spec is composed, once, and nothing else is."""
    change(specs, "config.yaml", old, new)

    assert message in problems(specs)


def test_a_spec_that_nothing_composes_is_told(specs: Path) -> None:
    """A new file that config.yaml does not list is not forgotten in silence."""
    host = (specs / "device/host.yaml").read_text(encoding="utf-8")
    (specs / "device/phone.yaml").write_text(host.replace("host", "phone", 1), encoding="utf-8")

    assert "the entry 'device@devices.phone: phone' is missing" in problems(specs)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (SUMS, "paper: sums", "paper: sum", "'sum' is not the name of the file"),
        ("profile/smoke.yaml", "# @package _global_\n", "", "a profile begins with Hydra's header"),
        (SUMS, "paper:", "# @package _global_\npaper:", "is for profiles; take it away"),
        (SUMS, "paper:", "# @package x\npaper:", "is a header of Hydra's that moves the file"),
        (SUMS, "paper:", "# @package _global_\npaper:", "1:1: the header"),
        (
            "environment/torch.yaml",
            "torch.txt",
            "tarch.txt",
            "lock: there is no file 'environments/tarch.txt'",
        ),
        (
            "environment/torch.yaml",
            "environments/torch.txt",
            "/etc/passwd",
            "lock: a path must be relative to the project's folder, not absolute",
        ),
        (
            "environment/torch.yaml",
            "environments/torch.txt",
            "../torch.txt",
            "lock: a path may not leave the project's folder with '..'",
        ),
        (
            "device/host.yaml",
            "kind: host\n",
            (
                "kind: tvm_rpc\nservers: local\ntarget: {kind: llvm}\ntuning: tuning.json\n"
                "deadline_ms: 1\nlink: {latency_ms: 0, bandwidth_mbit: 1}\n"
            ),
            "tuning: there is no file 'tuning.json'; allowed: a record of a tuning",
        ),
    ],
)
def test_a_file_is_what_its_name_says(
    specs: Path, file: str, old: str, new: str, message: str
) -> None:
    """Names, headers and paths of a spec fit the file and the project."""
    change(specs, file, old, new)

    assert message in problems(specs)


def test_a_file_that_cannot_be_read_is_a_problem(specs: Path) -> None:
    """A folder in place of a spec is told like every other problem."""
    (specs / "papers/folder.yaml").mkdir()

    assert "specs/papers/folder.yaml: the file cannot be read: is a directory" in problems(specs)


def test_what_refers_to_a_broken_entry_is_not_blamed(specs: Path) -> None:
    """One bad stage is one problem, although tables, figures and stages read it."""
    change(specs, SUMS, "per_seed: true", "per_seed: maybe")

    assert problems(specs).splitlines() == [
        (
            "specs/papers/sums.yaml:32:15: stages.numbers.per_seed: 'maybe' is not true or false; "
            "allowed: true or false"
        ),
        "1 problem in 1 file",
    ]


def paths_of(node: object, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every value below the root of a tree."""
    items = node.items() if isinstance(node, dict) else enumerate(node or [])
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from paths_of(value, (*path, key))


SMALL = yaml.safe_load(PAPER)
OTHERS = st.sampled_from(
    [None, True, -1, 1.5, "", "x", "=x", "a.b", "é", [], {}, [None], [[]], {"a": {"b": [1]}}]
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(path=st.sampled_from(list(paths_of(SMALL))), other=OTHERS)
def test_any_value_anywhere_is_a_problem_or_valid(specs: Path, path: tuple, other: object) -> None:
    """No value in any place of a paper makes the checks fail instead of answer."""
    tree = copy.deepcopy(SMALL)
    node = tree
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = other
    (specs / SUMS).write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")

    found = check_specs(specs, STEPS).problems

    assert all(problem.file.startswith("specs/") and problem.line > 0 for problem in found)


def test_names_of_the_stages_of_tables_and_figures_are_taken(specs: Path) -> None:
    """A stage cannot be called like the stage that the harness makes for a table or figure."""
    change(specs, SUMS, "  speed:\n", "  table-speed:\n")

    assert "the names that begin with 'table-' or 'figure-' are the harness's own" in problems(
        specs
    )
