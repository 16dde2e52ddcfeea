"""The filter activation network: closed forms, properties, and the step as a stage runs it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import HarnessError
from harness.formats import arrays as folders
from reproductions.nonn.graph import Recorded, graph_of, links, relative, strongest
from reproductions.nonn.params.graph import GraphParams

FIXTURE = np.array([[4, 2, 1, 0, -3], [0, 3, 3, 6, 1.5]])

activities = arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(2, 9)),
    elements=st.floats(-4, 100, allow_nan=False, width=32),
)


def weights_of(activity, top_k=4):
    """Build the weights from pooled maps, as the step does."""
    shares = relative(activity)
    return links(shares, strongest(shares, top_k))


def loop_of(activity, top_k):
    """Build the weights with plain loops."""
    shares = relative(activity)
    weights = np.zeros((activity.shape[1],) * 2)
    for strength in shares:
        top = sorted(range(len(strength)), key=lambda i: (-strength[i], i))[:top_k]
        for j in top:
            for k in top:
                weights[j, k] += strength[j] * strength[k] * abs(strength[j] - strength[k])
    return weights


def recorded(activity, predicted=None, label=None):
    """Wrap pooled maps, of class 0 unless told otherwise."""
    zeros = np.zeros(len(activity), dtype=np.int64)
    return Recorded(
        np.asarray(activity, dtype=np.float64),
        zeros if predicted is None else np.asarray(predicted),
        zeros if label is None else np.asarray(label),
    )


def test_closed_form():
    """The links of two images worked out by hand come out exactly."""
    expected = np.zeros((5, 5))
    for i, j, weight in ((0, 1, 0.25), (0, 2, 0.1875), (1, 2, 0.03125), (1, 3, 0.25), (2, 3, 0.25)):
        expected[i, j] = expected[j, i] = weight

    assert np.array_equal(weights_of(FIXTURE, top_k=3), expected)


def test_activity_by_class():
    """The side tables add up activity by predicted and by true class, over top filters or all."""
    tables = graph_of(recorded(FIXTURE, [0, 1], [0, 0]), GraphParams(top_k=3, classes=2))

    assert tables["predicted_top"].tolist() == [[1, 0], [0.5, 0.5], [0.25, 0.5], [0, 1], [0, 0]]
    assert tables["predicted_all"].tolist() == [[1, 0], [0.5, 0.5], [0.25, 0.5], [0, 1], [0, 0.25]]
    assert tables["label_top"].tolist() == [[1, 0], [1, 0], [0.75, 0], [1, 0], [0, 0]]
    assert tables["label_all"].tolist() == [[1, 0], [1, 0], [0.75, 0], [1, 0], [0.25, 0]]


@settings(max_examples=60)
@given(activities, st.integers(2, 12))
def test_equals_the_plain_loop(activity, top_k):
    """Whole arrays give what a double loop over every image's strongest filters gives."""
    assert np.array_equal(weights_of(activity, top_k), loop_of(activity, top_k))


@settings(max_examples=60)
@given(activities)
def test_symmetric_bounded_and_without_loops(activity):
    """Weights are symmetric, zero on the diagonal, and at most a quarter for each image."""
    weights = weights_of(activity)

    assert np.array_equal(weights, weights.T)
    assert not weights.diagonal().any()
    assert weights.min() >= 0
    assert weights.max() <= len(activity) / 4 * (1 + 1e-12)


@settings(max_examples=60)
@given(activities, st.data())
def test_follows_a_permutation_of_filters(activity, data):
    """Filters in another order give the same weights in that order, when no tie is cut."""
    order = np.array(data.draw(st.permutations(range(activity.shape[1]))))
    weights = weights_of(activity, top_k=activity.shape[1])

    permuted = weights_of(activity[:, order], top_k=activity.shape[1])

    assert np.array_equal(permuted, weights[np.ix_(order, order)])


@settings(max_examples=40)
@given(activities, st.integers(-6, 6))
def test_scale_of_an_image_does_not_matter(activity, power):
    """Activity times a positive factor, image by image, gives the same weights."""
    factor = 2.0 ** (power * np.arange(len(activity)) % 5)

    assert np.array_equal(weights_of(activity * factor[:, None]), weights_of(activity))


@settings(max_examples=40)
@given(activities, st.integers(0, 12))
def test_adds_up_over_batches(activity, cut):
    """The weights of all images are those of two batches added."""
    first, second = activity[:cut], activity[cut:]
    total = sum(weights_of(part) for part in (first, second) if len(part))

    np.testing.assert_allclose(weights_of(activity), total, rtol=1e-12)


def test_longer_than_a_chunk_equals_the_loop_bit_for_bit():
    """The sum over more images than are held in memory at once keeps the images' order."""
    activity = np.random.default_rng(1).normal(size=(600, 12))

    assert np.array_equal(weights_of(activity, 6), loop_of(activity, 6))


def test_equal_activity_gives_no_link():
    """Filters that are always equally active are not linked."""
    assert not weights_of(np.full((3, 4), 2.5)).any()


def test_dead_image_adds_nothing():
    """An image on which no filter is active gives zeros and no NaN."""
    dead = np.array([[0.0, -1.0, -2.0, 0.0, -3.0]])

    weights = weights_of(np.concatenate((FIXTURE, dead)), top_k=3)

    assert np.array_equal(weights, weights_of(FIXTURE, top_k=3))


def test_ties_at_the_cut_go_to_the_lower_filter():
    """Of equally active filters the lower numbers are among the strongest."""
    activity = np.array([[0.5, 0.5, 1.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0, 0.0]])

    assert strongest(activity, 3).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_top_k_is_capped_at_the_filters():
    """A network of fewer filters than top_k links all of them."""
    assert np.array_equal(weights_of(FIXTURE, top_k=50), weights_of(FIXTURE, top_k=5))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"activity": np.zeros((0, 3))}, r"shape \(0, 3\) is not \(images, filters\)"),
        ({"activity": np.array([[1.0, np.nan]])}, "not finite"),
        ({"activity": np.ones((1, 2)), "label": [0, 1]}, r"'label' has shape \(2,\) for 1 images"),
        ({"activity": np.ones((1, 2)), "predicted": [3]}, r"params.classes allows 0 to 2"),
    ],
)
def test_bad_activity_is_refused(changed, said):
    """Activity that no teacher can have left is refused by name."""
    with pytest.raises(HarnessError, match=said):
        graph_of(recorded(**changed), GraphParams(classes=3))


def test_step_writes_the_graph(tmp_path, run_step):
    """The step reads recorded activity and leaves the weights, the tables and their origin."""
    activity = {
        "activity": FIXTURE.astype(np.float32),
        "predicted": np.array([0, 1]),
        "label": np.array([0, 0]),
    }
    folders.write_folder(tmp_path / "activity", activity, {})

    params = {"top_k": 3, "classes": 2}
    graph = run_step("build_graph", params, {"activity": tmp_path / "activity"})["graph"]

    written = folders.read_folder(graph)
    tables = {"label_all", "label_top", "predicted_all", "predicted_top"}
    assert set(written) == {"weights", *tables}
    assert np.array_equal(written["weights"], weights_of(FIXTURE, top_k=3))
    assert folders.about(graph) == {"images": 2, "filters": 5, "top_k": 3}
