"""The truth table of verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec.claim import Claim
from harness.verdict import WORDS, Cell, judge

EXACT = {"exact": True}
RELATIVE = {"relative": 0.02}
ABSOLUTE = {"absolute": 1.0}
AT_LEAST = {"relation": "at least", "margin": 0.5}
CELL = {"table": "t", "row": {"n": 1}, "column": "c"}
SOURCE = {"publication": "p", "where": "abstract", "certainty": "abstract"}


def claim(agrees=None, value=50, unit="x", bound="exactly", **more) -> Claim:
    """A claim that 50 x is reported."""
    if agrees and "relation" in agrees:
        more["against"] = CELL
    return Claim.model_validate(
        {
            "says": "It is 50 times less.",
            "source": SOURCE,
            "reported": {"value": value, "unit": unit, "bound": bound},
            "reproduced": CELL,
            "agrees": agrees,
            **more,
        }
    )


def verdict(agrees, text, against=None, unit="x", **more):
    """The verdict on a cell that holds `text`."""
    other = None if against is None else Cell(against, unit)
    return judge("nonn", "memory", claim(agrees, **more), Cell(text, unit), against=other)


@pytest.mark.parametrize(
    ("agrees", "text", "expected"),
    [
        (EXACT, "50", "exact"),
        (EXACT, "50.0", "exact"),
        (EXACT, "5e1", "exact"),
        (EXACT, "50.00000000000000000001", "different"),
        (EXACT, "-50", "different"),
        (RELATIVE, "50", "exact"),
        (RELATIVE, "50.000", "exact"),
        (RELATIVE, "51", "within tolerance"),
        (RELATIVE, "49", "within tolerance"),
        (RELATIVE, "51.000000000000000001", "different"),
        (RELATIVE, "48.9", "different"),
        (ABSOLUTE, "51.0", "within tolerance"),
        (ABSOLUTE, "51.01", "different"),
        *[
            (agrees, text, "different")
            for agrees in (EXACT, RELATIVE, ABSOLUTE)
            for text in ("nan", "NaN", "inf", "-inf", "Infinity", "-0.0", "0")
        ],
        *[
            (agrees, text, "not verified")
            for agrees in (EXACT, RELATIVE, ABSOLUTE)
            for text in (
                "",
                "n/a",
                "true",
                "5 0",
                " 50",
                "5_0",
                "\u0665\u0660",
                "50 x",
                "1e999",
                "=50",
            )
        ],
    ],
)
def test_number_against_reported(agrees, text, expected):
    """A cell is judged by its number, and by nothing that only looks like it."""
    found = verdict(agrees, text)

    assert found.verdict == expected
    assert (expected == "not verified") <= bool(found.reason)


@pytest.mark.parametrize(("text", "expected"), [("-0.0", "exact"), ("0", "exact"), ("0.1", None)])
def test_zero_has_no_sign(text, expected):
    """-0.0 equals a reported 0, and a share of zero allows nothing."""
    assert verdict(EXACT, text, value=0).verdict == (expected or "different")
    assert verdict(RELATIVE, text, value=0.0).verdict == (expected or "different")


@pytest.mark.parametrize(
    ("relation", "text", "against", "expected"),
    [
        ("at least", "90", "90", "within tolerance"),
        ("at least", "90.1", "90", "within tolerance"),
        ("at least", "89.5", "90", "within tolerance"),
        ("at least", "89.49", "90", "different"),
        ("at most", "90.5", "90", "within tolerance"),
        ("at most", "90.51", "90", "different"),
        ("at most", "nan", "90", "different"),
        ("at least", "90", "inf", "different"),
        ("at least", "90", "", "not verified"),
        ("at most", "", "90", "not verified"),
        ("at least", "90", "text", "not verified"),
    ],
)
def test_relation(relation, text, against, expected):
    """A relation holds or not, give or take its margin, and is never exact."""
    found = verdict({"relation": relation, "margin": 0.5}, text, against)

    assert found.verdict == expected


def test_statement_in_words():
    """A statement without a number is decided by its relation."""
    words = claim(AT_LEAST, reported={"statement": "It is no worse."})

    found = judge("nonn", "accuracy", words, Cell("90", None), against=Cell("89.7", None))

    assert (found.verdict, found.reported, found.against) == ("within tolerance", None, 89.7)


@pytest.mark.parametrize("bound", ["exactly", "about", "up to", "at least"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [("50", "exact"), ("50.5", "within tolerance"), ("30", "different"), ("70", "different")],
)
def test_bound_widens_nothing(bound, text, expected):
    """A reported "up to 50 x" is held against 50 x, with the declared tolerance."""
    assert verdict(RELATIVE, text, bound=bound).verdict == expected


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("byte", "2240000", "exact"),
        ("kilobyte", "2240", "exact"),
        ("byte", "2240001", "different"),
        ("second", "2.24", "not verified"),
        (None, "2.24", "not verified"),
        ("count", "2.24", "not verified"),
    ],
)
def test_units(unit, text, expected):
    """A column in another unit of the same kind is converted exactly; any other is not judged."""
    found = judge("nonn", "size", claim(EXACT, value=2.24, unit="megabyte"), Cell(text, unit))

    assert found.verdict == expected
    assert ("unit" in found.reason) is (expected == "not verified")


@pytest.mark.parametrize(("text", "expected"), [("51", "within tolerance"), ("52", "different")])
def test_absolute_tolerance_is_in_the_columns_unit(text, expected):
    """One unit of the column is allowed, whatever unit the publication uses."""
    size = claim(ABSOLUTE, value=0.05, unit="megabyte")

    found = judge("nonn", "size", size, Cell(text, "kilobyte"))

    assert found.verdict == expected
    assert found.tolerance == "± 1 kilobyte"
    assert (found.unit, found.reproduced) == ("megabyte", int(text) / 1000)


def test_relation_between_units():
    """The other cell of a relation is converted into the unit of the first."""
    found = judge(
        "nonn",
        "latency",
        claim({"relation": "at most"}, value=1, unit="second"),
        Cell("900", "ms"),
        against=Cell("1", "second"),
    )

    assert (found.verdict, found.against, found.unit) == ("within tolerance", 1000, "ms")


def test_needs_goes_before_everything():
    """A claim that needs what is not here is not verified, although its value is shown."""
    found = verdict(EXACT, "50", needs="needs CIFAR-10")

    assert (found.verdict, found.reason) == ("not verified", "needs CIFAR-10")
    assert found.reproduced == 50


def test_needs_without_a_cell():
    """A claim without a cell says what it needs, and that is all."""
    bare = claim(None, needs="needs a Raspberry Pi", reproduced=None)

    found = judge("nonn", "energy", bare, Cell())

    assert (found.verdict, found.reason) == ("not verified", "needs a Raspberry Pi")
    assert (found.reproduced, found.tolerance) == (None, "none declared")


def test_smaller_profile_does_not_decide():
    """A profile below `decided_from` shows the value and does not judge it."""
    found = judge(
        "nonn",
        "accuracy",
        claim(EXACT),
        Cell("49", "x"),
        undecided="decided from profile paper on",
    )

    assert (found.verdict, found.reason) == ("not verified", "decided from profile paper on")
    assert (found.reproduced, found.difference) == (49, -1)


@pytest.mark.parametrize("agrees", [EXACT, RELATIVE, ABSOLUTE, AT_LEAST])
@pytest.mark.parametrize("text", ["", "50"])
def test_reason_of_a_cell_blocks(agrees, text):
    """A cell that counts for nothing, in either place, gives its reason."""
    blocked = Cell(text, "x", "measured other weights")
    one = judge("nonn", "m", claim(agrees), blocked, against=Cell("1", "x"))

    assert (one.verdict, one.reason) == ("not verified", "measured other weights")
    if "relation" in agrees:
        other = judge("nonn", "m", claim(agrees), Cell("1", "x"), against=blocked)
        assert (other.verdict, other.reason) == ("not verified", "measured other weights")


@pytest.mark.parametrize(
    ("agrees", "expected"),
    [
        (EXACT, "none: equal numbers"),
        (RELATIVE, "± 2 % of the reported value"),
        (ABSOLUTE, "± 1 x"),
        (AT_LEAST, "at least the other cell, give or take 0.5 x"),
        ({"relation": "at most"}, "at most the other cell"),
    ],
)
def test_tolerance_is_shown(agrees, expected):
    """The declared tolerance stands beside every verdict."""
    assert verdict(agrees, "50", "50").tolerance == expected


@given(st.floats(-1e9, 1e9, allow_nan=False), st.floats(-1e9, 1e9), st.floats(1e-9, 1.0))
def test_wider_tolerance_never_agrees_less(reported, reproduced, share):
    """What agrees under a tolerance agrees under a wider one, and equal numbers are exact."""
    ranks = {word: place for place, word in enumerate(WORDS)}
    narrow, wide = (
        verdict({"relative": tolerance}, repr(reproduced), value=reported).verdict
        for tolerance in (share, 2 * share)
    )

    assert ranks[wide] <= ranks[narrow]
    assert (narrow == "exact") is (reported == reproduced)


@given(st.text(max_size=20))
def test_any_cell_has_a_verdict(text):
    """Whatever a table holds, there is a verdict and no fault."""
    assert verdict(RELATIVE, text).verdict in WORDS
