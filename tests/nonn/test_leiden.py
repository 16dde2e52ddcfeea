"""Leiden's search: against every partition of small graphs, and against Louvain's."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproductions.nonn.partition import communities, leiden
from reproductions.nonn.partition.bisection import components
from reproductions.nonn.partition.communities import as_fraction, exact
from reproductions.nonn.partition.cut import links_of
from reproductions.nonn.partition.suite import SUITE, karate

GAMMAS = [as_fraction(value) for value in (0.5, 1.0, 1 / 0.7, 3.0)]


def generator(seed):
    """Return a generator of that seed."""
    return np.random.default_rng(seed)


def sparse(seed, filters, share):
    """Build random links between a share of all pairs, many of them equally heavy."""
    random = generator(seed)
    weights = random.integers(1, 5, (filters, filters)) * (random.random((filters,) * 2) < share)
    upper = np.triu(weights / 4, 1)
    upper[0, 1] = 1.0
    return links_of(upper + upper.T)


def every_partition(nodes):
    """Yield all partitions of `nodes` into communities."""
    if not nodes:
        yield []
        return
    first, *rest = nodes
    for found in every_partition(rest):
        yield [(first,), *found]
        for at, community in enumerate(found):
            yield [*found[:at], (first, *community), *found[at + 1 :]]


def better(links, gamma, first, second):
    """Return by how much the first partition is better than the second."""
    return exact(links, first, gamma) - exact(links, second, gamma)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("seed", range(6))
def test_small_graphs_are_solved(seed, gamma):
    """On graphs of eight filters it finds the best of all 4,140 partitions."""
    links = sparse(seed, 8, 0.5)
    best = max(exact(links, one, gamma) for one in every_partition(list(range(8))))

    assert exact(links, leiden.find(links, gamma, generator(0)), gamma) == best


@settings(max_examples=80)
@given(st.integers(0, 999), st.integers(2, 24), st.floats(0.05, 0.6), st.sampled_from(GAMMAS))
def test_communities_are_connected_and_complete(seed, filters, share, gamma):
    """Every filter is in one community, whose filters hang together by links inside it."""
    links = sparse(seed, filters, share)

    found = leiden.find(links, gamma, generator(seed))

    assert sorted(node for community in found for node in community) == list(range(filters))
    assert all(len(components(community, links)) == 1 for community in found)


@settings(max_examples=60)
@given(st.integers(0, 999), st.integers(2, 24), st.floats(0.05, 0.6), st.sampled_from(GAMMAS))
def test_no_move_of_a_filter_betters_the_result(seed, filters, share, gamma):
    """No filter gains by joining another community, or by leaving for one of its own."""
    links = sparse(seed, filters, share)
    found = leiden.find(links, gamma, generator(seed))

    for node in range(filters):
        without = [tuple(one for one in group if one != node) for group in found]
        for at in range(len(found)):
            moved = [*without[:at], (*without[at], node), *without[at + 1 :]]
            assert better(links, gamma, moved, found) <= 0
        assert better(links, gamma, [*without, (node,)], found) <= 0


@pytest.mark.parametrize("name", SUITE)
def test_it_is_never_below_louvain_on_the_suite(name):
    """With the same seed its objective is at least Louvain's, on every graph of the suite."""
    for seed in range(3):
        links = links_of(SUITE[name](generator(seed)))
        louvain = communities.find(links, GAMMAS[2], generator(seed))

        found = leiden.find(links, GAMMAS[2], generator(seed))

        assert better(links, GAMMAS[2], found, louvain) >= 0


def test_it_is_above_louvain_where_louvain_is_stuck():
    """On made-up activity and on heavy tails it is better than Louvain with most seeds."""
    for name in ("activation", "heavy-tailed"):
        links = links_of(SUITE[name](generator(0)))
        gains = [
            better(
                links,
                GAMMAS[2],
                leiden.find(links, GAMMAS[2], generator(seed)),
                communities.find(links, GAMMAS[2], generator(seed)),
            )
            for seed in range(4)
        ]
        assert sum(gain > 0 for gain in gains) >= 3


def test_karate_club_has_its_known_modularity():
    """At gamma 1 it finds the best partition that is known of the karate club, 0.4198."""
    weights = karate()
    found = leiden.find(links_of(weights), as_fraction(1.0), generator(0))

    assert len(found) == 4
    value = nx.community.modularity(nx.from_numpy_array(weights), found)
    assert value == pytest.approx(0.41978961, abs=1e-8)


def test_disconnected_community_falls_apart():
    """Started from a community without links between its halves, it ends with two."""
    links = [{1: 2**30}, {0: 2**30}, {3: 2**30}, {2: 2**30}]

    label = leiden._settled(links, [2**30] * 4, [0] * 4, as_fraction(0.001), generator(0))

    assert label == [0, 0, 1, 1]


def test_community_is_put_together_from_what_hangs_together():
    """Of two cliques that share a community no piece has filters of both, and pieces do form."""
    links = links_of(SUITE["equal-cliques"](generator(0)))
    degree = communities.degrees(links)

    piece = leiden._refine(links, degree, [0] * 16, GAMMAS[1], generator(0))

    assert not set(piece[:8]) & set(piece[8:])
    assert len(set(piece)) < 16


def test_same_seed_same_communities():
    """The result depends on the seed alone, and filters without links stay alone."""
    links = links_of(SUITE["cliques-isolated"](generator(0)))

    found = leiden.find(links, GAMMAS[2], generator(5))

    assert found == leiden.find(links, GAMMAS[2], generator(5))
    assert found == [tuple(range(8)), tuple(range(8, 14)), *((node,) for node in range(14, 34))]
