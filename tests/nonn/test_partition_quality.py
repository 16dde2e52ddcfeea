"""The comparison of partitions: its measures by hand, and the step on the whole suite."""

import numpy as np
import pytest
from pydantic import ValidationError

from harness.formats import arrays as folders
from harness.formats import rows
from reproductions.nonn.params.quality import PartitionQualityParams
from reproductions.nonn.params.resolution import PUBLISHED, Resolution
from reproductions.nonn.partition import released
from reproductions.nonn.partition.cut import links_of
from reproductions.nonn.partition.quality import inside, measures
from reproductions.nonn.partition.suite import SUITE, activation, cliques, planted, ring


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Write the graph of a made-up teacher."""
    folder = tmp_path_factory.mktemp("teacher") / "graph"
    weights = activation(np.random.default_rng(1), 200, 48)
    folders.write_folder(folder, {"weights": weights}, {})
    return folder


@pytest.fixture
def compare(run_step, graph):
    """Return a function that runs the step and reads its rows."""

    def run(seed=0, **params):
        settings = {"students": (2, 4), "keep_percentile": 50.0, **params}
        return rows.read(run_step("partition_quality", settings, {"graph": graph}, seed)["rows"])

    return run


def test_measures_are_those_of_a_partition_by_hand():
    """Two triangles with one link between them, one filter alone and one student without any."""
    weights = np.zeros((7, 7))
    for one, other in ((0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (2, 3)):
        weights[one, other] = weights[other, one] = 1.0
    links = links_of(weights)

    assert inside(links, [[0, 1, 2], [3, 4, 5]]) == pytest.approx(6 / 7)
    assert measures(links, [[0, 1, 2, 6], [3, 4]], 3) == {
        "students": 3,
        "served": 2,
        "kept": 6,
        "isolated_kept": 1,
        "largest": 4,
        "smallest": 0,
        "imbalance": 2.0,
        "cut_weight": pytest.approx(3 / 7),
    }
    assert measures(links, [], 4)["imbalance"] == 4.0


def test_every_algorithm_is_measured_on_every_graph(compare):
    """There is one row for each graph, algorithm and number of students, and no gap in it."""
    found = compare()

    keys = [(row["graph"], row["algorithm"], row["students"]) for row in found]
    algorithms = PartitionQualityParams().algorithms
    assert keys == [
        (graph, algorithm, number)
        for graph in ("teacher", *SUITE)
        for algorithm in algorithms
        for number in (2, 4)
    ]
    assert all(value is not None for row in found for value in row.values())


@pytest.mark.parametrize("seed", range(2))
def test_leiden_is_never_below_louvain_in_the_rows(compare, seed):
    """On the teacher's graph and on each of the suite, with each seed."""
    found = compare(seed, students=(2,), algorithms=("louvain", "leiden"))
    value = {(row["graph"], row["algorithm"]): row["modularity"] for row in found}

    for name in ("teacher", *SUITE):
        assert value[name, "leiden"] >= value[name, "louvain"]


def test_ours_keep_linked_filters_and_the_release_does_not(compare):
    """Ours serve every student from all linked filters; the release loses links on each graph."""
    found = compare()
    for row in found:
        if row["graph"] == "cliques-isolated":
            assert row["communities"] == 2
        if row["algorithm"] in ("louvain", "leiden"):
            assert (row["served"], row["isolated_kept"]) == (row["students"], 0)
        elif row["graph"] in ("equal-cliques", "ring-of-cliques", "planted"):
            assert (row["served"], row["kept"], row["cut_weight"]) == (0, 0, 1.0)
        elif row["graph"] == "cliques-isolated":
            assert (row["kept"], row["isolated_kept"], row["cut_weight"]) == (2, 2, 1.0)


def test_versions_of_the_library_are_told_apart(compare):
    """On made-up activity the two versions find communities of other modularity."""
    found = compare(students=(2,), graphs=("activation",))
    value = {row["algorithm"]: row["modularity"] for row in found if row["graph"] == "activation"}

    assert value["leiden"] > value["released-0.15"] > value["released-0.16"]


def test_same_seed_same_rows(compare):
    """The rows depend on the seed alone."""
    settings = {"graphs": ("heavy-tailed",), "students": (2,)}

    assert compare(0, **settings) == compare(0, **settings) != compare(1, **settings)


def test_release_follows_the_meaning_of_its_library():
    """The meanings of 0.7 give other communities, and each its own gamma."""
    weights = SUITE["activation"](np.random.default_rng(0))
    sixteen = Resolution(value=0.7, meaning="python-louvain-0.16")

    older = released.louvain(weights, PUBLISHED, 0)
    newer = released.louvain(weights, sixteen, 0)

    assert older != newer
    assert PUBLISHED.gamma == 1 / 0.7
    assert (sixteen.gamma, Resolution(value=2.0, meaning="gamma").gamma) == (0.7, 2.0)


def test_suite_is_what_its_names_say():
    """Links, blocks and isolated filters of the made graphs are as many as named."""
    rings = ring(4, 3)
    blocks = planted(np.random.default_rng(0), [40, 20])

    assert rings.sum() / 2 == 4 * 3 + 4
    assert np.count_nonzero(cliques([3, 2], isolated=2).any(axis=1)) == 5
    assert 0.4 < blocks[:40, :40].mean() < 0.6
    assert blocks[:40, 40:].mean() < 0.1
    for name, make in SUITE.items():
        weights = make(np.random.default_rng(0))
        assert np.array_equal(weights, weights.T), name
        assert not weights.diagonal().any(), name
        assert np.count_nonzero(weights.any(axis=1)) >= 14, name


@pytest.mark.parametrize("wrong", [{"students": (2, 2)}, {"graphs": ("karate", "karate")}])
def test_naming_twice_is_refused(wrong):
    """A number of students or a graph is named once."""
    with pytest.raises(ValidationError, match="names each once"):
        PartitionQualityParams(**wrong)
