"""All claims of a paper, judged by what lies in the results."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import CLAIMS, COLUMNS, ROWS, cell, claim, paper, params, write

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats import rows as csv_rows
from harness.report.model import FILE, read
from harness.report.results import FoundTable, Results
from harness.report.terminal import dumps
from harness.report.verdicts import evaluate, judge_all
from harness.table.csv import cells, parse
from harness.table.model import content


def words(report):
    """The verdict of each claim."""
    return {one.outcome.claim: one.outcome.verdict for one in report.claims()}


def reasons(report):
    """The reason of each claim."""
    return {one.outcome.claim: one.outcome.reason for one in report.claims()}


@pytest.fixture
def spec():
    """The paper."""
    return paper()


def test_every_claim_has_a_verdict(tmp_path, spec):
    """Each claim is judged by its own cell, tolerance, needs and profile."""
    write(tmp_path, spec)

    report = evaluate(tmp_path, params(spec))

    assert words(report) == {
        "size-exact": "exact",
        "size-other-unit": "within tolerance",
        "accuracy-differs": "different",
        "close-to-teacher": "within tolerance",
        "energy": "not verified",
        "at-full-size": "not verified",
    }
    assert reasons(report)["energy"] == "needs eight Raspberry Pis"
    assert reasons(report)["at-full-size"] == "decided from profile paper on"
    assert report.status == 1


def test_larger_profile_decides(tmp_path, spec):
    """In the profile that decides it, the claim is judged."""
    write(tmp_path, spec, profile="paper")

    report = evaluate(tmp_path, params(spec, profile="paper"))

    assert words(report)["at-full-size"] == "exact"


def test_coverage(tmp_path, spec):
    """Coverage counts the claims by verdict, the tables and the figures."""
    write(tmp_path, spec)

    coverage = evaluate(tmp_path, params(spec)).papers[0].coverage

    assert (coverage.total, coverage.agreeing) == (6, 3)
    assert coverage.claims == {
        "exact": 1,
        "within tolerance": 2,
        "different": 1,
        "not verified": 2,
    }
    assert (coverage.tables.reproduced, coverage.figures.reproduced) == (1, 1)
    assert coverage.metrics()["not_verified"] == 2


def test_evidence(tmp_path, spec):
    """A verdict names its table's stage, seeds, hash, command and recorded duration."""
    path = write(tmp_path, spec)
    costs = {"nonn/teacher": 10.0, "nonn/students": 20.5, "nonn/count": 0.25}

    report = evaluate(tmp_path, params(spec, costs=costs))

    evidence = next(report.claims()).evidence
    assert (evidence.table, evidence.stages, evidence.seeds) == ("costs", ("count",), (0, 1))
    assert evidence.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert evidence.command.startswith("harness repro nonn.")
    assert evidence.duration_s == 30.8


def test_duration_needs_every_stage(tmp_path, spec):
    """No duration is shown when that of one stage was not recorded."""
    write(tmp_path, spec)

    report = evaluate(tmp_path, params(spec, costs={"nonn/count": 1.0}))

    assert next(report.claims()).evidence.duration_s is None


def test_nothing_was_made(tmp_path, spec):
    """Without any result every claim is there and not verified."""
    report = evaluate(tmp_path, params(spec))

    assert set(words(report).values()) == {"not verified"}
    assert len(words(report)) == len(CLAIMS)
    assert reasons(report)["size-exact"] == "table 'costs' has not been made"
    assert report.status == 0
    assert [one.reason for one in report.papers[0].figures] == ["figure 'curves' has not been made"]


@pytest.mark.parametrize("stage", ["teacher", "students", "count", "table-costs"])
def test_failed_stage(tmp_path, spec, stage):
    """What rests on a failed stage is not verified, whatever an earlier run left behind."""
    write(tmp_path, spec)

    report = evaluate(tmp_path, params(spec), {f"nonn/{stage}": "out of\nmemory"})

    assert set(words(report).values()) == {"not verified"}
    assert reasons(report)["size-exact"] == f"stage nonn/{stage} failed: out of memory"
    assert report.papers[0].coverage.tables.reproduced == 0


@pytest.mark.parametrize("stage", ["nonn/other", "other/teacher", "nonn/figure-curves"])
def test_failure_elsewhere(tmp_path, spec, stage):
    """A failure that the table does not rest on changes no verdict."""
    write(tmp_path, spec)

    assert words(evaluate(tmp_path, params(spec))) == words(
        evaluate(tmp_path, params(spec), {stage: "no"})
    )


def judged(spec, text, **claims):
    """The reason and verdict of one claim on the table with the content `text`."""
    found = Results({("nonn", "costs"): FoundTable(parse(text), "a" * 64)}, {})
    report = judge_all(found, params(spec.model_copy(update={"figures": {}})), claims)
    one = next(one for one in report.claims() if one.outcome.claim == "size-exact")
    return one.outcome.verdict, one.outcome.reason


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"size", b"bytes", "table 'costs' has no column 'size'"),
        (b"students", b"nodes", "table 'costs' has no column 'students'"),
        (b"nonn,2", b"nonn,1", "table 'costs' has no row network nonn, students 2"),
        (
            b"nonn,2",
            b"nonn,3",
            "table 'costs' has a row that its spec does not know: students 3 (line 3)",
        ),
        (
            b"nonn,4",
            b"nonn,2",
            "table 'costs' has 2 rows network nonn, students 2 (lines 3 and 4)",
        ),
        (b"0.860", b"", "the cell is empty"),
        (b"0.860", b"much", "the cell holds no number: 'much'"),
    ],
)
def test_tampered_table(tmp_path, spec, old, new, expected):
    """A renamed column, a missing, doubled or empty cell is not verified, for that reason."""
    text = write(tmp_path, spec).read_bytes().replace(old, new)

    assert judged(spec, text) == ("not verified", expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"0.860", b"nan", "different"),
        (b"0.860", b"-inf", "different"),
        (b"0.860", b"-0.0", "different"),
        (b"0.860", b"0.8600000", "exact"),
        (b"0.860", b"0.861", "different"),
        (b"teacher", b"extra,1,1,1\nteacher", "exact"),
    ],
)
def test_changed_cell(tmp_path, spec, old, new, expected):
    """A cell is judged by its number alone, and a row more changes nothing."""
    text = write(tmp_path, spec).read_bytes().replace(old, new)

    assert judged(spec, text)[0] == expected


@pytest.mark.parametrize("text", [b"", b"a,a\n", b"\xff", b"a,b\n1\n"])
def test_unreadable_table(tmp_path, spec, text):
    """A file that is no table makes no fault, but claims that are not verified."""
    write(tmp_path, spec).write_bytes(text)

    report = evaluate(tmp_path, params(spec))

    assert reasons(report)["size-exact"].startswith("table 'costs' cannot be read: ")


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ("current", "measured other weights"),
        ("complete", "the measurement is not complete"),
    ],
)
def test_device_result_that_does_not_count(tmp_path, spec, mark, reason):
    """A row of a measurement that does not hold shows its value and verifies nothing."""
    write(tmp_path, spec, [{**row, mark: row["network"] != "nonn"} for row in ROWS])

    report = evaluate(tmp_path, params(spec))

    outcome = next(one.outcome for one in report.claims() if one.outcome.claim == "size-exact")
    assert (outcome.verdict, outcome.reason, outcome.reproduced) == ("not verified", reason, 0.86)


def test_half_a_figure_is_none(tmp_path, spec):
    """A figure without its PNG was not regenerated."""
    write(tmp_path, spec)
    (tmp_path / "results/smoke/nonn/curves/curves.png").unlink()

    assert evaluate(tmp_path, params(spec)).papers[0].coverage.figures.reproduced == 0


def test_verdicts_are_read_back(tmp_path, spec):
    """The JSON gives the same report again, and the same bytes."""
    write(tmp_path, spec)
    report = evaluate(tmp_path, params(spec))
    jsonfile.write(tmp_path / FILE, report.as_json())

    assert report == read(tmp_path / FILE)
    assert dumps(report, 80) == dumps(read(tmp_path / FILE), 80)
    assert jsonfile.dumps(read(tmp_path / FILE).as_json()) == (tmp_path / FILE).read_bytes()


@pytest.mark.parametrize("content", [b"{}", b"[]", b"", b'{"version": 2}'])
def test_damaged_verdicts_are_a_message(tmp_path, content):
    """A file that holds no verdicts is named, with the way back."""
    (tmp_path / FILE).write_bytes(content)

    with pytest.raises(HarnessError, match=r"verdicts\.json"):
        read(tmp_path / FILE)


VALUES = st.lists(st.decimals(0, 999, places=2), min_size=6, max_size=6)


@given(VALUES, st.integers(0, 5), st.integers(0, 4), st.integers(1, 9))
def test_one_digit_turns_exactly_its_claims(values, place, digit, shift):
    """Changing one digit of one recorded value turns the claims on that cell, and no other."""
    names = [(row["network"], row["students"]) for row in ROWS]
    places = [(*name, column) for name in names for column in ("size", "accuracy")]
    units = {"size": "megabyte", "accuracy": "percent"}
    spec = paper(
        {
            f"claim-{number}": claim(
                {"exact": True}, cell(*where), float(values[number]), units[where[2]]
            )
            for number, where in enumerate(places)
        },
        {
            name: {**column, "digits": 2} if name in units else column
            for name, column in COLUMNS.items()
        },
        figures={},
    )
    before = judge_values(spec, names, values)
    changed = list(values)
    changed[place] = with_digit(values[place], digit, shift)
    after = judge_values(spec, names, changed)

    assert set(before.values()) == {"exact"}
    assert {name for name in after if after[name] != "exact"} == {f"claim-{place}"}
    assert after[f"claim-{place}"] == "different"


def with_digit(value, place, shift):
    """`value` with its digit at `place` raised by `shift`, modulo ten."""
    digits = list(f"{value:06.2f}".replace(".", ""))
    digits[place] = str((int(digits[place]) + shift) % 10)
    text = "".join(digits)
    return type(value)(f"{text[:3]}.{text[3:]}")


def judge_values(spec, names, values):
    """The verdicts when the table holds `values`, two a row."""
    made = [
        {"network": network, "students": students, "size": float(size), "accuracy": float(accuracy)}
        for (network, students), size, accuracy in zip(
            names, values[::2], values[1::2], strict=True
        )
    ]
    text = csv_rows.dumps(cells(content("costs", spec.tables["costs"], made)))
    found = Results({("nonn", "costs"): FoundTable(parse(text.encode()), "a" * 64)}, {})
    return words(judge_all(found, params(spec), {}))
