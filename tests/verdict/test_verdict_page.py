"""The truth tables of docs/verdicts.md, line by line, and what no table can list."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.results import FoundTable, Results
from harness.report.verdicts import judge_all
from harness.report.words import difference, reproduced
from harness.spec.claim import Claim
from harness.spec.paper import Paper
from harness.table.csv import parse
from harness.table.model import rounded, text
from harness.verdict import WORDS, Cell, judge, number

PAGE = Path(__file__).parents[2] / "docs" / "verdicts.md"
KINDS = {
    "exact": {"exact": True},
    "relative": {"relative": 0.02},
    "absolute": {"absolute": 1.0},
    "at least": {"relation": "at least", "margin": 1.0},
    "at most": {"relation": "at most", "margin": 1.0},
}
CELL = {"table": "t", "row": {"n": 1}, "column": "c"}
SOURCE = {"publication": "p", "where": "abstract", "certainty": "abstract"}


def table(heading):
    """The lines of the page's table under `heading`, each a list of cells."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return cells[2:]


def quantity(cell):
    """The text and the unit of a cell such as ``50` x``."""
    said, unit = re.fullmatch(r"`(.*)`(?: (\S+))?", cell).groups()
    return ("" if said == "`" else said), unit


def value_of(said):
    """A number as YAML reads it."""
    return float(said) if "." in said else int(said)


def claim(kind, value, unit):
    """The claim that `value` is reported, judged by `kind`."""
    agrees = KINDS[kind] if isinstance(kind, str) else kind
    return Claim.model_validate(
        {
            "says": "It is so.",
            "source": SOURCE,
            "reported": {"value": value, "unit": unit},
            "reproduced": CELL,
            "agrees": agrees,
            "against": CELL if "relation" in agrees else None,
        }
    )


NUMBERS = [
    (kind, *cells[:2], word)
    for cells in table("A number against a number")
    for kind, word in zip(KINDS, cells[2:], strict=True)
]


@pytest.mark.parametrize(("kind", "reported", "cell", "expected"), NUMBERS)
def test_number_against_number(kind, reported, cell, expected):
    """Each line of the page comes out as it stands there, for each kind of agreement."""
    (value, unit), (said, of) = quantity(reported), quantity(cell)

    found = judge("p", "c", claim(kind, value_of(value), unit), Cell(said, of),
                  against=Cell(value, unit))  # fmt: skip

    assert found.verdict == expected
    assert (found.verdict == "not verified") <= bool(found.reason)


def test_page_has_every_situation():
    """The table lists, for each kind, the situations that a comparison can meet."""
    seen = {quantity(cells[1])[0] for cells in table("A number against a number")}

    assert {"nan", "inf", "-inf", "-0.0", "", "true", "n/a", "3.0", "9007199254740992"} <= seen
    assert len(NUMBERS) > 250
    for kind in KINDS:
        words = {word for one, _, _, word in NUMBERS if one == kind}
        assert words >= set(WORDS) - {"exact", "within tolerance"}
        assert ("exact" in words) is (kind not in ("at least", "at most"))


@pytest.mark.parametrize(
    ("made", "digits", "printed", "reported", "absolute", "expected"), table("Rounding")
)
def test_rounding(made, digits, printed, reported, absolute, expected):
    """What is made is printed, and judged, as the page says."""
    made, printed, reported, absolute = (
        one.strip("`") for one in (made, printed, reported, absolute)
    )

    cell = text(rounded(float(made), int(digits)))
    said = judge(
        "p", "c", claim({"absolute": float(absolute)}, int(reported), "x"), Cell(cell, "x")
    )

    assert cell == printed
    assert said.verdict == expected


COSTS = b"nodes,size\n1,100\n2,50\n"
FILES = {
    "the table": COSTS,
    "one row more, of 4 nodes": COSTS + b"4,25\n",
    "the rows in another order": b"nodes,size\n2,50\n1,100\n",
    "the row of 1 node is missing": b"nodes,size\n2,50\n",
    "nodes written as 2.0": b"nodes,size\n1.0,100\n2.0,50\n",
    "a row of 3 nodes": COSTS + b"3,33\n",
    "two rows of 2 nodes": COSTS + b"2,50\n",
    "the column of sizes renamed": COSTS.replace(b"size", b"bytes"),
    "the column of nodes renamed": COSTS.replace(b"nodes", b"devices"),
    "one column more": b"nodes,size,cost\n1,100,1\n2,50,1\n",
    "2 nodes were measured on other weights": b"nodes,size,current\n1,100,true\n2,50,false\n",
    "the measurement of 2 nodes broke off": b"nodes,size,complete\n1,100,true\n2,50,false\n",
    "an empty file": b"",
    "half a line": b"nodes,size\n1,100\n2\n",
    "no file": None,
}


def spec():
    """The paper of the page: the sizes of 1 and 2 nodes."""
    claims = {
        f"nodes-{nodes}": {
            "says": "It is so.",
            "source": SOURCE,
            "reported": {"value": size, "unit": "byte"},
            "reproduced": {"table": "costs", "row": {"nodes": nodes}, "column": "size"},
            "agrees": {"exact": True},
        }
        for nodes, size in ((1, 100), (2, 50))
    }
    columns = {
        "nodes": {"heading": "Nodes", "values": (1, 2, 4)},
        "size": {"heading": "Size", "unit": "byte"},
    }
    costs = {"caption": "c", "rows": ("s.rows",), "key": ("nodes",), "columns": columns}
    publication = {"title": "t", "venue": "v", "year": 2020, "doi": "10.1000/x", "licence": "MIT"}
    return Paper.model_validate(
        {
            "paper": "nonn",
            "title": "t",
            "authors": ("A",),
            "publications": {"p": publication},
            "claims": claims,
            "stages": {"s": {"step": "nonn.s"}},
            "tables": {"costs": costs},
        }
    )


def judged(content):
    """The outcomes of both claims on a table with `content`, those of 2 nodes first."""
    from harness.errors import HarnessError
    from harness.report.params import ReportParams
    from harness.spec.profile import ProfileCard

    try:
        found = FoundTable(parse(content), "a" * 64) if content is not None else None
    except HarnessError as error:
        found = FoundTable(None, None, f"table 'costs' cannot be read: {error.message}")
    found = found or FoundTable(None, None, "table 'costs' has not been made")
    card = ProfileCard(name="smoke", rank=0, says="s")
    params = ReportParams(profile=card, ranks={"smoke": 0}, papers={"nonn": spec()})
    report = judge_all(Results({("nonn", "costs"): found}, {}), params, {})
    return [one.outcome for one in reversed(list(report.claims()))]


@pytest.mark.parametrize(
    ("name", "two", "one", "reason"), table("A table that is not what its spec describes")
)
def test_table_that_is_not_what_its_spec_describes(name, two, one, reason):
    """Each file gives the verdicts and the reason that the page says."""
    found = judged(FILES[name])

    assert [outcome.verdict for outcome in found] == [two, one]
    assert {outcome.reason for outcome in found} <= {reason, ""}
    assert (reason != "") == any(outcome.reason for outcome in found)


def test_page_has_every_file():
    """Each file that is judged here stands on the page."""
    shown = [cells[0] for cells in table("A table that is not what its spec describes")]

    assert shown == list(FILES)


DECIMALS = st.decimals(-(10**6), 10**6, places=3)


@given(DECIMALS, DECIMALS, st.decimals("0.001", 100, places=3), st.sampled_from(sorted(KINDS)))
def test_verdict_is_that_of_decimal_arithmetic(reported, made, allowed, kind):
    """Whatever the numbers, the verdict is what arithmetic with pencil and paper gives."""
    name, extra = {
        "exact": ({"exact": True}, Decimal(0)),
        "relative": ({"relative": float(allowed)}, allowed * abs(reported)),
        "absolute": ({"absolute": float(allowed)}, allowed),
        "at least": ({"relation": "at least", "margin": float(allowed)}, allowed),
        "at most": ({"relation": "at most", "margin": float(allowed)}, allowed),
    }[kind]
    distance = made - reported
    if kind in ("at least", "at most"):
        holds = -distance <= extra if kind == "at least" else distance <= extra
        expected = "within tolerance" if holds else "different"
    else:
        agrees = "within tolerance" if abs(distance) <= extra else "different"
        expected = "exact" if not distance else agrees

    found = judge("p", "c", claim(name, float(reported), "x"), Cell(f"{made:f}", "x"),
                  against=Cell(f"{reported:f}", "x"))  # fmt: skip

    assert found.verdict == expected


@given(DECIMALS, st.integers(0, 3), st.decimals(0, 50, places=2))
def test_what_is_judged_is_what_is_printed(made, digits, allowed):
    """Rounding happens once, before the verdict, half to even."""
    printed = made.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    cell = text(rounded(float(made), digits))

    assert Decimal(cell) == printed
    found = judge("p", "c", claim({"absolute": float(allowed) or 1.0}, 0, "x"), Cell(cell, "x"))
    limit = allowed or Decimal(1)
    words = (
        ["exact"] if not printed else ["within tolerance" if abs(printed) <= limit else "different"]
    )
    assert [found.verdict] == words


UNITS = ["x", "count", "percent", "byte", "mebibyte", "ms", "year", "watt", "degC", "dBm", None]


@given(
    st.one_of(st.text(max_size=30), st.from_regex(r"-?[0-9]{1,40}(\.[0-9]+)?(e-?[0-9]{1,4})?",
                                                  fullmatch=True)),
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)),
    st.sampled_from(UNITS), st.sampled_from(UNITS[:-1]), st.sampled_from(sorted(KINDS)),
)  # fmt: skip
def test_there_is_always_a_verdict(said, value, unit, other, kind):
    """No cell, number or unit makes a fault, and every verdict can be shown in words."""
    found = judge("p", "c", claim(kind, value, other), Cell(said, unit), against=Cell(said, other))

    assert found.verdict in WORDS
    assert reproduced(found)
    assert difference(found)


@pytest.mark.parametrize("other", [Cell("", "x"), Cell("text", "x"), Cell("50", "ms")])
@pytest.mark.parametrize("kind", ["at least", "at most"])
def test_what_cannot_be_compared_goes_before_nan(kind, other):
    """A relation with nothing to compare with is not verified, whatever the first cell holds."""
    for one, two in ((Cell("nan", "x"), other), (other, Cell("inf", "x"))):
        assert judge("p", "c", claim(kind, 1, "x"), one, against=two).verdict == "not verified"


def test_number_beyond_doubles_is_shown_whole():
    """A value that no double holds is shown as the nearest integer."""
    assert number(10**400 + Fraction(1, 3)) == 10**400
    assert number(Fraction(1, 3)) == 1 / 3
