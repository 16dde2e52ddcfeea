"""What is refused before filters are shared out, each with where it is wrong."""

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.formats import arrays as folders
from harness.formats import rows
from reproductions.nonn.graph import Recorded, graph_of
from reproductions.nonn.params.graph import GraphParams
from reproductions.nonn.partition.check import checked

BUDGETS = {
    "sets": ({"name": "pair", "devices": ({"name": "one", "weight_bytes": 10**9,
              "activation_bytes": 10**9, "macs": 10**12},)},),
    "networks": ({"family": "wrn", "depths": (10,), "widths": (1,)},),
}  # fmt: skip
STEPS = {"partition": {"students": (2,)}, "partition_quality": {"graphs": ()}, "budgets": BUDGETS}


def linked(count=4):
    """Build weights of a complete graph."""
    return np.ones((count, count)) - np.eye(count)


def changed(cell, value):
    """Build weights with another value in one cell."""
    weights = linked()
    weights[cell] = value
    return weights


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.zeros((0, 0)), "0 filter"),
        (np.zeros((1, 1)), "1 filter"),
        (np.ones((2, 3)), r"shape \(2, 3\)"),
        (np.ones(4), r"shape \(4,\)"),
        (changed((1, 2), np.nan), r"weights\[1, 2\] = nan is not finite \(1 of 16"),
        (changed((0, 3), np.inf), r"weights\[0, 3\] = inf is not finite"),
        (changed((2, 1), -1.0), r"weights\[2, 1\] = -1 is negative"),
        (changed((1, 3), 0.5), r"weights\[1, 3\] = 0.5 differs from its mirror image \(2 of 16"),
        (changed((2, 2), 1.0), r"weights\[2, 2\] = 1 links a filter with itself"),
    ],
)
def test_what_is_no_graph_is_refused(weights, said):
    """Too few filters, a wrong shape and a wrong cell are named, and there is a way out."""
    with pytest.raises(HarnessError, match=said) as caught:
        checked(weights)

    assert caught.value.remedy


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"weights": changed((1, 2), np.nan)}, "not finite"),
        ({"weights": np.zeros((4, 4))}, "no two filters are linked"),
        ({"weights": np.full((3, 3), "a")}, "no numbers"),
        ({"activity": linked()}, r"no array 'weights'; there are \['activity'\]"),
    ],
)
def test_every_step_refuses_it(step, arrays, said, run_step, tmp_path):
    """Each step that reads a graph refuses one that is none, or one without links."""
    folders.write_folder(tmp_path / "graph", arrays, {})

    with pytest.raises(HarnessError, match=said):
        run_step(step, STEPS[step], {"graph": tmp_path / "graph"})


@pytest.mark.parametrize(
    ("activity", "said"),
    [
        (np.ones((3, 1)), "one filter has no other"),
        (np.zeros((3, 4)), "no filter is active on any of the 3 images"),
        (-np.ones((2, 4)), "no filter is active on any of the 2 images"),
    ],
)
def test_activity_that_makes_no_graph_is_refused(activity, said):
    """One filter, and a teacher whose filters are all dead, are refused by name."""
    labels = np.zeros(len(activity), dtype=np.int64)

    with pytest.raises(HarnessError, match=said):
        graph_of(Recorded(activity, labels, labels), GraphParams(top_k=2, classes=2))


@pytest.mark.parametrize("dead", [0, 2])
def test_dead_images_are_counted(dead, run_step, tmp_path):
    """The manifest tells how many images added nothing, where there are any."""
    activity = np.random.default_rng(0).random((6, 5))
    activity[:dead] = 0.0
    labels = np.zeros(6, dtype=np.int64)
    folders.write_folder(
        tmp_path / "activity", {"activity": activity, "predicted": labels, "label": labels}, {}
    )

    written = run_step("build_graph", {"top_k": 3}, {"activity": tmp_path / "activity"})

    assert folders.about(written["graph"]).get("dead_images", 0) == dead
    assert np.isfinite(folders.read_folder(written["graph"])["weights"]).all()


def test_too_few_linked_filters_are_refused_by_every_algorithm(run_step, tmp_path):
    """Five linked filters cannot serve eight students, whoever finds the communities."""
    weights = np.zeros((9, 9))
    weights[:5, :5] = linked(5)
    folders.write_folder(tmp_path / "graph", {"weights": weights}, {})

    for algorithm in ("louvain", "leiden"):
        with pytest.raises(HarnessError, match=r"5 of 9 filters have a link .* too few for 8"):
            run_step(
                "partition",
                {"students": (8,), "algorithm": algorithm},
                {"graph": tmp_path / "graph"},
            )


def test_leiden_step_writes_connected_students_of_all_linked_filters(run_step, tmp_path):
    """The step runs on Leiden's communities, and its objective is at least Louvain's."""
    random = np.random.default_rng(3)
    upper = np.triu(random.random((40, 40)) ** 4, 1)
    folders.write_folder(tmp_path / "graph", {"weights": upper + upper.T}, {})
    quality = {}
    for algorithm in ("louvain", "leiden"):
        params = {"students": (2,), "keep_percentile": 80.0, "algorithm": algorithm}
        written = run_step("partition", params, {"graph": tmp_path / "graph"})
        quality[algorithm] = rows.read(written["quality"])[0]

    assert quality["leiden"]["modularity"] > quality["louvain"]["modularity"]
    assert quality["leiden"]["kept"] == quality["louvain"]["kept"]
