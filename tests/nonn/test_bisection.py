"""Cutting communities in two: connected where possible, equal, along light links."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproductions.nonn.partition.bisection import components, cut_off, halves
from reproductions.nonn.partition.cut import links_of


def linked(pairs, count):
    """Return links of equal weight between `pairs`."""
    weights = np.zeros((count, count))
    for one, other in pairs:
        weights[one, other] = weights[other, one] = 1.0
    return links_of(weights)


@st.composite
def connected_graphs(draw, more=6):
    """Draw links of a tree and of some pairs beside it."""
    count = draw(st.integers(2, 9))
    tree = [(draw(st.integers(0, node - 1)), node) for node in range(1, count)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    beside = [pair for pair in draw(st.lists(pairs, max_size=more)) if pair[0] != pair[1]]
    return linked(tree + beside, count)


def most_equal(links):
    """Return the size of the larger part in the most equal cut into connected parts."""
    nodes = range(len(links))
    return min(
        len(links) - size
        for size in range(1, len(links) // 2 + 1)
        for part in combinations(nodes, size)
        if len(components(part, links)) == 1 and len(components(set(nodes) - set(part), links)) == 1
    )


@settings(max_examples=150)
@given(connected_graphs())
def test_connected_community_is_cut_into_connected_parts(links):
    """Both parts are connected and share the filters."""
    nodes = tuple(range(len(links)))

    first, second = halves(nodes, links)

    assert sorted((*first, *second)) == list(nodes)
    assert len(components(first, links)) == len(components(second, links)) == 1


@settings(max_examples=60)
@given(connected_graphs(more=0))
def test_tree_is_cut_as_equally_as_can_be(links):
    """Of a tree, no two connected parts are more equal than those found."""
    assert max(map(len, halves(tuple(range(len(links))), links))) == most_equal(links)


def test_star_loses_one_leaf():
    """A star cannot be halved without cutting leaves loose, so one leaf goes."""
    first, second = halves(tuple(range(7)), linked([(0, leaf) for leaf in range(1, 7)], 7))

    assert sorted((len(first), len(second))) == [1, 6]


def test_pieces_are_shared_out_whole():
    """A community in pieces of 3, 2 and 2 is cut between them."""
    links = linked([(0, 1), (1, 2), (3, 4), (5, 6)], 7)

    assert halves(tuple(range(7)), links) == ((0, 1, 2), (3, 4, 5, 6))


@settings(max_examples=80)
@given(connected_graphs(), st.data())
def test_part_has_the_size_that_is_wanted(links, data):
    """The part has exactly that many filters, is connected, and nothing gets lost."""
    nodes = tuple(range(len(links)))
    size = data.draw(st.integers(1, len(nodes) - 1))

    part, rest = cut_off(nodes, size, links)

    assert len(part) == size
    assert sorted((*part, *rest)) == list(nodes)
    assert len(components(part, links)) == 1


def test_part_is_cut_off_along_light_links():
    """Of two cliques with one link between them, the one of the wanted size is cut off."""
    pairs = [*combinations(range(5), 2), *combinations(range(5, 8), 2), (4, 5)]

    assert cut_off(tuple(range(8)), 3, linked(pairs, 8)) == ((5, 6, 7), (0, 1, 2, 3, 4))


def test_part_leaves_the_rest_in_one_piece():
    """From a path two filters are cut off at its end, although its middle is first by number."""
    path = linked([(3, 2), (2, 0), (0, 1), (1, 4), (4, 5)], 6)

    part, rest = cut_off(tuple(range(6)), 2, path)

    assert len(components(rest, path)) == 1
    assert part in ((2, 3), (4, 5))


@pytest.mark.parametrize("size", [1, 3])
def test_filters_without_links_can_be_cut_off(size):
    """Where there are no links, the part is as large as wanted all the same."""
    part, rest = cut_off((0, 1, 2, 3), size, [{} for _ in range(4)])

    assert (len(part), len(rest)) == (size, 4 - size)
