"""The partition: communities, packing, the released routine, and the step around them."""

from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats import arrays as folders
from harness.formats import rows
from reproductions.nonn.params.partition import PartitionParams
from reproductions.nonn.params.resolution import PUBLISHED, Resolution
from reproductions.nonn.partition import released
from reproductions.nonn.partition.communities import as_fraction, find, modularity
from reproductions.nonn.partition.cut import cut, links_of
from reproductions.nonn.partition.packing import attach, pack, split

GAMMA = as_fraction(1 / 0.7)
RELEASED_16 = Resolution(value=0.7, meaning="python-louvain-0.16")

sizes = st.lists(st.integers(1, 30), min_size=1, max_size=7)


def cliques(*members, isolated=0):
    """Build weights of disjoint cliques, then isolated filters."""
    weights = np.zeros((sum(members) + isolated,) * 2)
    start = 0
    for size in members:
        weights[start : start + size, start : start + size] = 1.0
        start += size
    np.fill_diagonal(weights, 0.0)
    return weights


def communities_of_sizes(lengths):
    """Build communities of consecutive filters."""
    ends = np.cumsum(lengths)
    return [tuple(range(end - size, end)) for end, size in zip(ends.tolist(), lengths, strict=True)]


def noisy(seed, filters=40, blocks=4):
    """Build weights of blocks in noise."""
    random = np.random.default_rng(seed)
    block = np.arange(filters) % blocks
    weights = random.random((filters, filters)) * (0.2 + (block[:, None] == block))
    upper = np.triu(weights, 1)
    return upper + upper.T


def diffuse(seed, filters=100):
    """Build the strongest 3 % of links between filters that differ in strength only."""
    random = np.random.default_rng(seed)
    strength = random.random(filters) ** 2
    upper = np.triu(random.random((filters, filters)) * np.outer(strength, strength), 1)
    return cut(upper + upper.T, 97)


@st.composite
def graphs(draw):
    """Draw symmetric weights without loops, some of them zero and many of them equal."""
    count = draw(st.integers(2, 12))
    pairs = count * (count - 1) // 2
    values = draw(st.lists(st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0]), min_size=pairs))
    weights = np.zeros((count, count))
    weights[np.triu_indices(count, 1)] = (values + [0.0] * pairs)[:pairs]
    return weights + weights.T


@pytest.fixture
def share(tmp_path, run_step):
    """Return a function that runs the step on weights and reads its rows."""

    def run(weights, seed=0, **params):
        folders.write_folder(tmp_path / "graph", {"weights": weights}, {})
        written = run_step("partition", params, {"graph": tmp_path / "graph"}, seed)
        return rows.read(written["assignment"]), rows.read(written["quality"])

    return run


def students_of(assignment, number):
    """Collect the filters of each student from the step's rows."""
    students = [[] for _ in range(number)]
    for row in assignment:
        if row["students"] == number:
            students[row["student"]].append(row["filter"])
    return students


def test_cut_keeps_links_from_the_percentile_on():
    """The percentile is that of the links there are, and a link exactly on it stays."""
    weights = np.zeros((4, 4))
    weights[0, 1] = weights[1, 0] = 4.0
    weights[1, 2] = weights[2, 1] = 2.0
    weights[2, 3] = weights[3, 2] = 1.0

    assert cut(weights, 50)[0].tolist() == [0, 1, 0, 0]
    assert np.count_nonzero(cut(weights, 0)) == 6
    assert np.count_nonzero(cut(weights, 50)) == 4
    assert np.count_nonzero(cut(weights, 99)) == 2


def test_gamma_of_the_paper_is_ten_sevenths():
    """One over 0.7 is taken as the fraction that is meant."""
    assert as_fraction(PartitionParams().resolution.gamma).as_integer_ratio() == (10, 7)


@settings(max_examples=150)
@given(graphs(), st.sampled_from([0.5, 1.0, 1 / 0.7, 3.0]), st.integers(0, 3))
def test_modularity_is_that_of_reichardt_and_bornholdt(weights, gamma, seed):
    """The objective of what is found equals networkx's, and no filter has a better place."""
    assume(weights.any())
    links, exact = links_of(weights), as_fraction(gamma)
    graph = nx.from_numpy_array(weights)

    found = find(links, exact, np.random.default_rng(seed))

    best = modularity(links, found, exact)
    assert best == pytest.approx(nx.community.modularity(graph, found, resolution=gamma), abs=1e-6)
    for node, target in product(range(len(links)), range(len(found))):
        if any(other in links[node] for other in found[target]):
            moved = [[n for n in group if n != node] for group in found]
            moved[target].append(node)
            assert modularity(links, [tuple(group) for group in moved], exact) <= best + 1e-12


def test_search_betters_both_libraries_at_the_papers_resolution():
    """On ten diffuse networks it ends above networkx, and python-louvain 0.16 ends far below."""
    ours, networkx, released_call = [], [], []
    for seed in range(10):
        weights = diffuse(seed)
        graph, links = nx.from_numpy_array(weights), links_of(weights)
        ours.append(modularity(links, find(links, GAMMA, np.random.default_rng(seed)), GAMMA))
        other = nx.community.louvain_communities(graph, resolution=float(GAMMA), seed=seed)
        networkx.append(modularity(links, [tuple(group) for group in other], GAMMA))
        groups = {}
        for node, community in released.louvain(weights, RELEASED_16, seed).items():
            groups.setdefault(community, []).append(node)
        released_call.append(modularity(links, list(map(tuple, groups.values())), GAMMA))

    assert np.mean(ours) >= np.mean(networkx) > np.mean(released_call) + 0.05


def test_larger_gamma_gives_more_communities():
    """The factor before the null model makes communities smaller."""
    links = links_of(noisy(0))
    count = [
        len(find(links, as_fraction(gamma), np.random.default_rng(0))) for gamma in (0.1, 1, 4)
    ]

    assert count[0] < count[1] < count[2]


@settings(max_examples=100)
@given(sizes, st.integers(1, 4))
def test_packing_is_bounded_as_lpt_is(lengths, number):
    """The largest student has at most 4/3 - 1/(3N) times the best possible number of filters."""
    load = [
        sum(lengths[at] for at in positions)
        for positions in pack(communities_of_sizes(lengths), number)
    ]
    best = min(
        max(sum(size for size, at in zip(lengths, places, strict=True) if at == n) for n in places)
        for places in product(range(number), repeat=len(lengths))
    )

    assert max(load) * 3 * number <= best * (4 * number - 1)
    assert sum(load) == sum(lengths)


@settings(max_examples=60)
@given(sizes, st.integers(1, 12))
def test_splitting_gives_enough_parts_of_the_same_filters(lengths, number):
    """Splitting keeps every filter once and stops as soon as there are enough parts."""
    assume(sum(lengths) >= number)
    communities = communities_of_sizes(lengths)

    parts = split(communities, number, [{} for _ in range(sum(lengths))])

    assert len(parts) == max(number, len(lengths))
    assert sorted(node for part in parts for node in part) == list(range(sum(lengths)))
    assert all(parts)


def test_splitting_cuts_the_lightest_links():
    """A community of two tight halves is cut between them."""
    weights = cliques(4, 4)
    weights[0, 7] = weights[7, 0] = 0.1
    weights = weights[np.ix_([0, 4, 1, 5, 2, 6, 3, 7], [0, 4, 1, 5, 2, 6, 3, 7])]

    assert split([tuple(range(8))], 2, links_of(weights)) == [(0, 2, 4, 6), (1, 3, 5, 7)]


def test_isolated_filter_joins_the_community_it_was_linked_with():
    """Attached filters follow their weight before the cut; without any, the smallest community."""
    links = [{} for _ in range(8)]
    links[5] = {0: 1, 3: 3, 4: 1}

    assert attach([(0, 1, 2, 7), (3, 4)], links) == [(0, 1, 2, 7), (3, 4, 5, 6)]


def test_two_equal_cliques_make_two_students(share):
    """Two 8-cliques and two students give eight filters each, which the release cannot do."""
    assignment, quality = share(cliques(8, 8), students=(2,))

    assert students_of(assignment, 2) == [list(range(8)), list(range(8, 16))]
    assert quality[0]["balance"] == 1.0


def test_only_isolated_filters_are_dropped(share):
    """Cliques of 8 and 6 with 3 isolated filters give {0..7} and {8..13}."""
    assignment, quality = share(cliques(8, 6, isolated=3), students=(2,))

    assert students_of(assignment, 2) == [list(range(8)), list(range(8, 14))]
    assert (quality[0]["kept"], quality[0]["dropped"]) == (14, 3)


@pytest.mark.parametrize("isolated", ["drop", "attach"])
@pytest.mark.parametrize("method", ["communities", "random"])
def test_students_are_disjoint_and_share_all_kept_filters(share, method, isolated):
    """Every filter that has a link, or every filter at all, belongs to exactly one student."""
    weights = noisy(1)
    linked = np.flatnonzero(cut(weights, 90).any(axis=1)).tolist()
    expected = linked if isolated == "drop" else list(range(len(weights)))

    assignment, quality = share(
        weights, students=(2, 3, 8), keep_percentile=90.0, method=method, isolated=isolated
    )

    for number, row in zip((2, 3, 8), quality, strict=True):
        students = students_of(assignment, number)
        lengths = [len(student) for student in students]
        assert sorted(node for student in students for node in student) == expected
        assert (row["largest"], row["smallest"]) == (max(lengths), min(lengths))
        assert row["method"] == method
        if method == "random":
            assert row["largest"] - row["smallest"] <= 1


def test_more_students_than_communities_split_the_largest(share):
    """Two cliques serve eight students, none of them without filters."""
    assignment, quality = share(cliques(10, 8), students=(8,))

    assert sorted(map(len, students_of(assignment, 8))) == [2, 2, 2, 2, 2, 2, 3, 3]
    assert quality[0]["communities"] == 8


def test_same_seed_same_rows(share):
    """A partition depends on its seed alone; a random one changes with it."""
    weights = noisy(2)

    assert share(weights) == share(weights)
    assert share(weights, method="random") == share(weights, method="random")
    assert share(weights, method="random") != share(weights, 1, method="random")


def test_communities_beat_chance(share):
    """The modularity of communities is above that of a random partition."""
    weights = noisy(4)
    _, found = share(weights, students=(4,), keep_percentile=80.0)
    _, chance = share(weights, students=(4,), keep_percentile=80.0, method="random")

    assert found[0]["modularity"] > chance[0]["modularity"] + 0.2


def test_no_link_is_refused(share):
    """A network without links names the input and what to change."""
    with pytest.raises(HarnessError, match="no two filters are linked") as caught:
        share(np.zeros((4, 4)))

    assert "top_k" in caught.value.remedy


def test_too_few_filters_are_refused(share):
    """More students than linked filters is an error that says how many there are."""
    with pytest.raises(HarnessError, match=r"5 of 8 filters have a link .* too few for 6"):
        share(cliques(5, isolated=3), students=(2, 6))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"students": (2, 2)}, "distinct"),
        ({"students": ()}, "at least 1"),
        ({"compat": True, "method": "random"}, "'compat' goes with"),
        ({"compat": True, "isolated": "attach"}, "'compat' goes with"),
        ({"resolution": {"value": 0.0, "meaning": "gamma"}}, "greater than or equal"),
        ({"compat": True, "algorithm": "leiden"}, "'compat' goes with"),
        ({"compat": True, "resolution": {"value": 1.0, "meaning": "gamma"}}, "'compat' goes with"),
    ],
)
def test_bad_params_are_refused(wrong, said):
    """Parameters that contradict each other never reach the step."""
    with pytest.raises(ValidationError, match=said):
        PartitionParams(**wrong)


def test_release_merges_communities_of_equal_size():
    """Defect B: two 8-cliques are one group, and no student gets a filter."""
    groups = released.groups_of(dict.fromkeys(range(8), 0) | dict.fromkeys(range(8, 16), 1))

    assert groups == [list(range(16))]
    assert released.students_of(groups, 2) == []


def test_release_drops_the_largest_group():
    """Defect C: of cliques 8 and 6 and 3 isolated filters, the 8-clique is dropped."""
    community = dict(enumerate([0] * 8 + [1] * 6 + [2, 3, 4]))

    assert released.students_of(released.groups_of(community), 2) == [
        [8, 9, 10, 11, 12, 13],
        [14, 15, 16],
    ]


def test_release_mixes_up_sizes_and_members():
    """Defect A: a community listed first is counted, but the one numbered 0 is handed out."""
    community = dict(enumerate([1] * 8 + [2] * 6 + [3, 4, 0]))

    assert released.students_of(released.groups_of(community), 2) == [list(range(8)), [16]]


@pytest.mark.parametrize("seed", range(4))
def test_release_keeps_two_isolated_filters_of_34(seed):
    """With 20 isolated filters the release gives two of them to students and drops both cliques."""
    weights = cut(cliques(8, 6, isolated=20), 99)

    groups = released.groups_of(released.louvain(weights, PUBLISHED, seed))

    assert released.students_of(groups, 2) == [[33], [32]]


def test_compat_step_does_as_the_release(share):
    """The rows of a compat partition tell its method and what it dropped."""
    assignment, quality = share(cliques(8, 6, isolated=3), students=(2,), compat=True)

    assert (quality[0]["method"], quality[0]["communities"]) == ("released", 2)
    assert quality[0]["kept"] + quality[0]["dropped"] == 17
    assert sum(map(len, students_of(assignment, 2))) == quality[0]["kept"] < 14


def test_release_gives_later_groups_to_the_smallest_student():
    """Groups beyond the number of students go to the student with the fewest filters."""
    groups = [[0] * 9, [1] * 5, [2] * 4, [3] * 3, [4] * 2]

    assert released.students_of(groups, 2) == [[1] * 5 + [4] * 2, [2] * 4 + [3] * 3]


def test_release_without_enough_groups_is_refused(share):
    """Where the release lowers the number of students and fails later, the step says so."""
    with pytest.raises(HarnessError, match="makes 0 students here, not 2"):
        share(cliques(8, 8), students=(2,), compat=True)
