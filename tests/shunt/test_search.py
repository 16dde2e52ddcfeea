"""The search for windows: what brute force finds, at any budget, and the same on every machine."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from reproductions.shunt.search.candidate import PARTS, Candidate, Choice, as_parts
from reproductions.shunt.search.choice import Infeasible, choose, front

BLOCKS = 6


@st.composite
def instances(draw, least_loss=-2):
    """Make candidates of a small network, many of them equal in loss or saving."""
    found = []
    for _ in range(draw(st.integers(0, 10))):
        first = draw(st.integers(0, BLOCKS - 1))
        last = draw(st.integers(first, BLOCKS - 1))
        loss, saving = draw(st.integers(least_loss, 6)), draw(st.integers(-2, 8))
        found.append(Candidate(first, last, draw(st.sampled_from("abc")), loss, saving))
    return found


def every_choice(candidates, most):
    """Return all sets of at most `most` disjoint windows, by brute force."""
    found = []
    for count in range(most + 1):
        for places in combinations(range(len(candidates)), count):
            windows = sorted((candidates[at].first, candidates[at].last, at) for at in places)
            if all(before[1] < after[0] for before, after in pairwise(windows)):
                chosen = tuple(candidates[at] for _, _, at in windows)
                found.append((windows, Choice(chosen)))
    return found


def best_by_force(candidates, most, needed):
    """Return the best of all choices by the documented order, or None when none saves enough."""
    enough = [one for one in every_choice(candidates, most) if one[1].saving >= needed]
    if not enough:
        return None
    return min(enough, key=lambda one: (one[1].loss, len(one[0]), -one[1].saving, one[0]))[1]


MOST = st.integers(0, 4)
NEEDED = st.integers(-3, 20)


@settings(max_examples=400)
@given(instances(), MOST, NEEDED)
def test_search_finds_what_brute_force_finds(candidates, most, needed):
    """Loss, saving, windows and shunts are those of the best of all choices, ties included.

    Where no choice saves enough, the search says how much the best one saves.
    """
    expected = best_by_force(candidates, most, needed)

    if expected is None:
        with pytest.raises(Infeasible) as caught:
            choose(candidates, BLOCKS, most, needed)
        largest = max(one.saving for _, one in every_choice(candidates, most))
        assert (caught.value.largest, caught.value.needed) == (largest, needed)
    else:
        assert choose(candidates, BLOCKS, most, needed) == expected


@settings(max_examples=300)
@given(instances(), MOST)
def test_front_is_that_of_brute_force(candidates, most):
    """The front has every pair of saving and loss that no choice betters, and no other."""
    pairs = {(one.saving, one.loss) for _, one in every_choice(candidates, most)}
    expected = sorted(
        one
        for one in pairs
        if not any(o[0] >= one[0] and o[1] <= one[1] and o != one for o in pairs)
    )

    assert [(one.saving, one.loss) for one in front(candidates, BLOCKS, most)] == expected


@settings(max_examples=200)
@given(instances(), MOST)
def test_each_member_of_the_front_is_the_choice_for_its_saving(candidates, most):
    """Asked for exactly what a member saves, the search returns that member."""
    for member in front(candidates, BLOCKS, most):
        assert choose(candidates, BLOCKS, most, member.saving) == member


def loss_of(candidates, most, needed):
    """Return the least loss, or infinity when nothing saves as much."""
    try:
        return choose(candidates, BLOCKS, most, needed).loss
    except Infeasible:
        return float("inf")


@settings(max_examples=200)
@given(instances(), MOST, NEEDED, st.integers(0, 10))
def test_larger_budget_never_costs_more(candidates, most, needed, less):
    """Who may keep more of the network never loses more."""
    assert loss_of(candidates, most, needed - less) <= loss_of(candidates, most, needed)


@settings(max_examples=200)
@given(instances(), MOST, NEEDED)
def test_further_shunt_never_costs_more(candidates, most, needed):
    """Who may put in one shunt more never loses more."""
    assert loss_of(candidates, most + 1, needed) <= loss_of(candidates, most, needed)


@settings(max_examples=200)
@given(instances(), MOST)
def test_windows_are_disjoint_and_few(candidates, most):
    """No block is replaced twice, no more shunts than allowed, each one of the candidates."""
    for choice in front(candidates, BLOCKS, most):
        blocks = [at for one in choice.chosen for at in range(one.first, one.last + 1)]

        assert blocks == sorted(set(blocks))
        assert len(choice.chosen) <= most
        assert all(one in candidates for one in choice.chosen)


@settings(max_examples=100)
@given(instances(), MOST, st.randoms())
def test_order_of_the_candidates_decides_between_shunts_only(candidates, most, random):
    """In any order the candidates give the same windows."""
    shuffled = list(candidates)
    random.shuffle(shuffled)

    assert [(one.saving, one.loss, str(one)) for one in front(candidates, BLOCKS, most)] == [
        (one.saving, one.loss, str(one)) for one in front(shuffled, BLOCKS, most)
    ]


def test_of_equal_windows_the_shunt_given_first_is_taken():
    """Two shunts that save and lose the same are told apart by the caller's order."""
    first, second = Candidate(1, 2, 5, 3, 7), Candidate(1, 2, 1, 3, 7)

    assert choose([first, second], 4, 1, 1) == Choice((first,))
    assert choose([second, first], 4, 1, 1) == Choice((second,))


def test_of_equal_losses_fewer_shunts_come_before_a_larger_saving():
    """A second shunt that is not needed is not put in, though it costs nothing."""
    enough, free = Candidate(0, 1, 1, 4, 10), Candidate(3, 4, 1, 0, 2)

    assert choose([enough, free], 5, 2, 9) == Choice((enough,))
    assert choose([enough, free], 5, 2, 11) == Choice((enough, free))


def test_nothing_is_chosen_when_nothing_is_needed():
    """A network that fits its budget stays as it is."""
    choice = choose([Candidate(0, 1, 1, 0, 10)], 5, 2, 0)

    assert (choice.chosen, str(choice)) == ((), "none")


def test_infeasible_says_by_how_much():
    """The largest saving, what was demanded and the gap, in units and in percent."""
    candidates = [Candidate(0, 1, 1, 4, 10_000), Candidate(1, 2, 1, 5, 30_000)]

    with pytest.raises(HarnessError) as caught:
        choose(candidates, 5, 2, 40_000, "multiply-adds")

    assert caught.value.message == (
        "2 shunts can save 30,000 multiply-adds at most, and 40,000 are needed: "
        "10,000 too few, 25.00 % of them"
    )
    assert "allow more shunts" in caught.value.remedy


def test_window_outside_the_network_is_refused():
    """Quotients of a deeper network do not pass for this one's."""
    with pytest.raises(HarnessError, match="12-17 is no run of blocks of a network of 17"):
        choose([Candidate(12, 17, 1, 0, 1)], 17, 1, 1)


def test_losses_are_whole_numbers():
    """Sums that differ as floating-point numbers are equal as parts; a NaN is refused."""
    assert as_parts(0.1) + as_parts(0.2) == as_parts(0.3) == 3 * PARTS // 10
    assert as_parts(1 - 0.9) == as_parts(0.1)
    assert as_parts(-0.000_000_6) == -1
    with pytest.raises(HarnessError, match="loss is nan"):
        as_parts(float("nan"))
