"""Random reports: every digit turns its own claims alone, and all forms say the same."""

import json
import re
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st
from report_samples import paper, params

from harness.formats import jsonfile, rows
from harness.report import markdown, terminal
from harness.report.results import FoundFigure, FoundTable, Results
from harness.report.verdicts import judge_all
from harness.table.csv import parse
from harness.verdict import WORDS

TABLES = ("first", "second", "third")
PLACES = [(table, nodes) for table in TABLES for nodes in (1, 2, 4)]
SOURCE = {"publication": "first", "where": "table 2", "certainty": "table"}


def cell(place):
    """The place of a value, as a claim names it."""
    table, nodes = place
    return {"table": table, "row": {"nodes": nodes}, "column": "size"}


@st.composite
def claims(draw, values):
    """Claims on random cells, of every kind, each near the value that is there."""
    made = {}
    for number in range(draw(st.integers(1, 8))):
        place = draw(st.sampled_from(PLACES))
        value = float(values[place]) + draw(st.sampled_from([0.0, 0.0, 0.01, -0.5, 3.0]))
        kind = draw(st.sampled_from(["exact", "relative", "absolute", "at least", "at most", "no"]))
        one = {
            "says": "It is so.",
            "source": SOURCE,
            "reported": {"value": round(value, 2), "unit": "byte"},
            "reproduced": cell(place),
        }
        made[f"claim-{number}"] = one
        if kind == "no":
            del one["reproduced"]
            one["needs"] = "a phone"
        elif kind in ("at least", "at most"):
            one["agrees"] = {"relation": kind, "margin": draw(st.sampled_from([0.0, 1.0]))}
            one["against"] = cell(draw(st.sampled_from(PLACES)))
        else:
            one["agrees"] = {kind: {"exact": True, "relative": 0.01, "absolute": 0.5}[kind]}
        if kind != "no" and draw(st.booleans()) and draw(st.booleans()):
            one["decided_from"] = "paper"
    return made


@st.composite
def worlds(draw):
    """The values of three tables and claims on them."""
    numbers = st.decimals(1, 999, places=2)
    values = {place: draw(numbers) for place in PLACES}
    return values, draw(claims(values))


def spec(made):
    """The paper with these claims."""
    columns = {
        "nodes": {"heading": "Nodes", "values": [1, 2, 4]},
        "size": {"heading": "Size", "unit": "byte", "digits": 2},
    }
    one = {"caption": "c", "rows": ["count.rows"], "key": ["nodes"], "columns": columns}
    return paper(made, tables=dict.fromkeys(TABLES, one))


def lines_of(values):
    """The rows of each table."""
    return {
        table: [
            {"nodes": nodes, "size": f"{values[table, nodes]:f}"}
            for name, nodes in PLACES
            if name == table
        ]
        for table in TABLES
    }


def report(made, lines, failed=None):
    """The report on these rows, and what it was judged by."""
    one = spec(made)
    tables = {}
    for table, content in lines.items():
        text = rows.dumps(content).encode()
        found = parse(text) if content else parse(b"nodes,size\n")
        tables["nonn", table] = FoundTable(found, f"{abs(hash(text)):064x}"[:64])
    found = Results(tables, {("nonn", "curves"): FoundFigure("a" * 64)})
    return judge_all(found, params(one), failed or {}), found, {"nonn": one}


def expected(claim, values):
    """The verdict that arithmetic with decimals implies; `values` lacks what is not there."""
    if "reproduced" not in claim or claim.get("decided_from") == "paper":
        return "not verified"
    places = [claim[part] for part in ("reproduced", "against") if part in claim]
    found = [values.get((one["table"], one["row"]["nodes"])) for one in places]
    if None in found:
        return "not verified"
    agrees = claim["agrees"]
    if "relation" in agrees:
        lead = found[0] - found[1] if agrees["relation"] == "at least" else found[1] - found[0]
        return "within tolerance" if lead >= -Decimal(agrees["margin"]) else "different"
    reported = Decimal(repr(claim["reported"]["value"]))
    off = abs(found[0] - reported)
    allowed = {
        "exact": Decimal(0),
        "relative": Decimal("0.01") * abs(reported),
        "absolute": Decimal("0.5"),
    }[next(iter(agrees))]
    return "exact" if not off else "within tolerance" if off <= allowed else "different"


def verdicts(made):
    """The verdicts by claim."""
    return {one.outcome.claim: one.outcome.verdict for one in made.claims()}


def pieces(made):
    """The bytes of every claim in verdicts.json, without the digest of its table."""
    said = json.loads(jsonfile.dumps(made.as_json()))["papers"][0]["claims"]
    for one in said:
        one["evidence"]["sha256"] = None
    return {one["outcome"]["claim"]: jsonfile.dumps(one) for one in said}


def touched(made, place):
    """The claims that have a cell at `place`."""
    return {
        name
        for name, one in made.items()
        if cell(place) in (one.get("reproduced"), one.get("against"))
    }


@given(worlds(), st.sampled_from(PLACES), st.integers(0, 4), st.integers(1, 9))
def test_one_digit_turns_what_rests_on_it(world, place, digit, shift):
    """A changed digit changes the claims on its cell, as arithmetic implies, and no other byte."""
    values, made = world
    text = list(f"{values[place]:06.2f}".replace(".", ""))
    text[digit] = str((int(text[digit]) + shift) % 10)
    changed = {**values, place: Decimal(f"{''.join(text[:3])}.{''.join(text[3:])}")}

    before, _, _ = report(made, lines_of(values))
    after, _, _ = report(made, lines_of(changed))

    assert verdicts(before) == {name: expected(one, values) for name, one in made.items()}
    assert verdicts(after) == {name: expected(one, changed) for name, one in made.items()}
    same, now = pieces(before), pieces(after)
    assert {name for name in made if same[name] != now[name]} <= touched(made, place)
    exact = {name for name in touched(made, place) if verdicts(before)[name] == "exact"}
    assert all(verdicts(after)[name] != "exact" for name in exact)


@given(worlds(), st.sampled_from(TABLES), st.permutations((0, 1, 2)))
def test_order_of_rows_is_nothing(world, table, order):
    """Rows that change places change no claim."""
    values, made = world
    lines = lines_of(values)
    moved = {**lines, table: [lines[table][index] for index in order]}

    assert pieces(report(made, lines)[0]) == pieces(report(made, moved)[0])


@given(worlds(), st.sampled_from(PLACES))
def test_row_that_is_gone_turns_what_rests_on_it(world, place):
    """Without a row exactly the claims on it are not verified, each for that reason."""
    values, made = world
    lines = lines_of(values)
    table, nodes = place
    left = {**lines, table: [row for row in lines[table] if row["nodes"] != nodes]}

    before, after = report(made, lines)[0], report(made, left)[0]

    less = {where: value for where, value in values.items() if where != place}
    assert verdicts(after) == {name: expected(one, less) for name, one in made.items()}
    now, same = pieces(after), pieces(before)
    assert {name for name in made if same[name] != now[name]} <= touched(made, place)


@given(worlds(), st.sampled_from(TABLES), st.permutations((1, 2, 4)))
def test_values_that_swap_rows_turn_what_rests_on_them(world, table, order):
    """Values under other keys turn exactly the claims that arithmetic says."""
    values, made = world
    keys = dict(zip((1, 2, 4), order, strict=True))
    assume(order != [1, 2, 4])
    swapped = values | {(table, nodes): values[table, other] for nodes, other in keys.items()}

    after, _, _ = report(made, lines_of(swapped))

    assert verdicts(after) == {name: expected(one, swapped) for name, one in made.items()}


@given(worlds(), st.sampled_from([{}, {"nonn/count": "no memory"}, {"nonn/table-first": "no"}]))
def test_all_forms_say_the_same(world, failed):
    """Report, JSON, metrics, terminal and status have the same claims, verdicts and counts."""
    values, made = world
    judged, found, papers = report(made, lines_of(values), failed)
    words = verdicts(judged)
    counts = {word: list(words.values()).count(word) for word in WORDS}

    page = markdown.dumps(judged, found, papers)
    said = terminal.dumps(judged, 400)

    row = re.compile(r"^\| \*\*(claim-\d)\*\*: .* \| \*\*([a-z ]+)\*\* \|$", re.MULTILINE)
    line = re.compile(rf"^(claim-\d) .*  ({'|'.join(WORDS)})(?: \(.*\))?$", re.MULTILINE)
    assert row.findall(page) == list(words.items())
    assert line.findall(said) == list(words.items())
    told = ", ".join(f"{counts[word]} {word}" for word in WORDS)
    for text in (page, said):
        assert text.count(f"({told})") == 1
    (metrics,) = judged.metrics().values()
    assert metrics["claims"] == len(words)
    assert {word: metrics[word.replace(" ", "_")] for word in WORDS} == counts
    assert judged.as_json()["papers"][0]["coverage"]["claims"] == counts
    assert judged.status == int(bool(counts["different"]))
    shares = re.findall(r"^\| nonn \| (\d+) \|(.*)$", page, re.MULTILINE)
    assert [int(one) for one in re.findall(r"(\d+) of", shares[0][1])][:4] == list(counts.values())


def test_what_rests_on_a_failure_is_never_exact():
    """With the only stage failed no claim is anything but not verified."""
    values = dict.fromkeys(PLACES, Decimal("5.00"))
    one = {"says": "s", "source": SOURCE, "reported": {"value": 5, "unit": "byte"},
           "reproduced": cell(PLACES[0]), "agrees": {"exact": True}}  # fmt: skip

    good, bad = (report({"claim-0": one}, lines_of(values), failed)[0]
                 for failed in ({}, {"nonn/count": "no"}))  # fmt: skip

    assert (verdicts(good), verdicts(bad)) == ({"claim-0": "exact"}, {"claim-0": "not verified"})
