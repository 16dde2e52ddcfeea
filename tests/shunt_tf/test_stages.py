"""The stages of a paper one after the other, for classification: what each hands on to the next."""

import numpy as np
import pytest
from chain_samples import FINALS, SYSTEMS, TAUGHT, Chain
from interruption import KillError, StopAfter
from shunt_stage import NETWORK, TRAINING, checked, only, run_step

from harness.errors import HarnessError
from harness.formats import arrays, rows
from harness.stage.inputs import Inputs
from harness.stage.run import derive_seed
from reproductions.shunt import costs
from reproductions.shunt.architecture import describe
from reproductions.shunt.data.split import read_split
from reproductions.shunt.export.litert import Litert
from reproductions.shunt.finals import read_final
from reproductions.shunt.params.window import windows_of
from reproductions.shunt.stored import (
    new_shunts,
    read_network,
    read_shunts,
    read_weights,
)
from reproductions.shunt.surgery.removal import without_blocks
from reproductions.shunt.surgery.replacement import with_shunts

SCORES = [
    "task", "system", "state", "distillation", "measure", "windows", "shunts", "parameters", "macs",
    "reduction", "score", "validation_score", "drop",
]  # fmt: skip


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Give the stages, none run yet."""
    return Chain(tmp_path_factory.mktemp("chain"))


def test_the_original_is_scored_at_its_best_epoch(chain):
    """Its weights give the score of its row, and the best validation score of its history."""
    (row,), history = rows.read(chain.original["scores"]), rows.read(chain.original["history"])

    assert list(row) == SCORES
    assert (row["task"], row["measure"]) == ("classification", "accuracy")
    assert (row["system"], row["state"], row["distillation"]) == ("original", "original", "none")
    assert (row["drop"], row["reduction"], row["windows"]) == (0, 0, None)
    assert row["score"] == chain.score(chain.model) > 40
    assert row["validation_score"] == max(one["validation_accuracy"] for one in history)
    described = describe(chain.network)
    assert (row["parameters"], row["macs"]) == (described.parameters, described.macs)
    assert [one["epoch"] for one in history] == [1, 2, 3, 4, 5]


def test_quotients_are_those_of_networks_without_the_blocks(chain):
    """A block's row has the validation score that the network has without it, and its share."""
    full = only(chain.original["scores"])["validation_score"]
    for window, blocks in (("7-7", [7]), ("5-9", [5, 6, 7, 9])):
        row = only(chain.knowledge["rows"], window=window)
        left = chain.score(without_blocks(chain.model, blocks), "validation")

        assert (row["task"], row["removed"], row["full_score"]) == (
            "classification", len(blocks), full,
        )  # fmt: skip
        assert row["score"] == left
        assert row["quotient"] == 1 - left / full


def test_every_window_with_a_residual_block_has_a_quotient(chain):
    """Those of all windows go to the search; single blocks and the named windows to the table."""
    residual = [block.residual for block in describe(chain.network).blocks]
    shown, every = (rows.read(chain.knowledge[name]) for name in ("rows", "windows"))

    assert [row["window"] for row in every] == [
        str(window) for window in windows_of(11) if any(residual[at] for at in window.blocks)
    ]
    assert [row["window"] for row in shown] == [
        *(f"{at}-{at}" for at, can in enumerate(residual) if can), "0-2", "5-9",
    ]  # fmt: skip
    assert all(
        (row["first"], row["last"], row["blocks"])
        == (int(row["window"].split("-")[0]), int(row["window"].split("-")[1]),
            row["last"] - row["first"] + 1)
        for row in every
    )  # fmt: skip


def test_the_earlier_definition_is_the_other_share(chain, tmp_path):
    """As in the predecessor the quotient is the score without over the score with."""
    params = {"network": NETWORK, "compat": True}
    inputs = {"images": chain.images, "weights": chain.original["weights"]}
    found = run_step("measure_knowledge", params, inputs, tmp_path)

    for row in rows.read(found["windows"]):
        assert row["quotient"] == row["score"] / row["full_score"]


def test_the_systems_are_those_picked_by_hand_and_chosen(chain):
    """The chosen one has the window and the shunt of the search's row."""
    row = only(chain.search["choices"], system="keep-80")

    assert list(chain.systems) == ["published", "keep-80"]
    (placed,) = chain.systems["keep-80"].windows
    assert str(placed.window) == row["window"]
    assert (placed.shunt.architecture, placed.shunt.width) == (row["architecture"], row["width"])


def test_scores_with_shunts_are_told_before_and_after_their_training(chain):
    """Each system has a row with drawn shunts and one with trained ones, and its true cost."""
    found = rows.read(chain.shunts["scores"])
    whole, original = describe(chain.network), only(chain.original["scores"])

    assert [(row["system"], row["state"], row["distillation"]) for row in found] == [
        ("published", "inserted", "none"), ("keep-80", "inserted", "none"),
        ("published", "imitating", "none"), ("keep-80", "imitating", "none"),
    ]  # fmt: skip
    for row in found:
        cost = chain.cost(row["system"])
        assert list(row) == SCORES
        assert (row["parameters"], row["macs"]) == (cost.parameters, cost.macs)
        assert row["reduction"] == costs.percent_less(cost.macs, whole.macs)
        assert row["drop"] == original["score"] - row["score"]
        assert row["windows"] == costs.windows_text(chain.systems[row["system"]])
        assert row["shunts"] == "4w"


@pytest.mark.parametrize("name", ["published", "keep-80"])
def test_stored_shunts_give_the_score_of_their_row(chain, name):
    """Read back and put in, they have the scores of `imitating`; drawn by the seed, `inserted`."""
    inputs = chain.inputs(shunts=chain.shunts["weights"], **chain.before)
    read = read_shunts(inputs, "shunts", chain.model, chain.network, chain.systems[name])
    drawn = new_shunts(
        chain.model, chain.network, chain.systems[name],
        derive_seed("shunt", "train_shunts", 0, "initial"),
    )  # fmt: skip

    for shunt in read.values():
        assert shunt.get_layer("shunt_batch_norm_1").momentum == chain.network.momentum == 0.7
    for state, shunts in (("inserted", drawn), ("imitating", read)):
        row = only(chain.shunts["scores"], system=name, state=state)
        model = with_shunts(chain.model, shunts)
        assert chain.score(model) == row["score"]
        assert chain.score(model, "validation") == row["validation_score"]


def test_the_history_of_shunts_tells_their_errors(chain):
    """Each system's shunt has a row an epoch, and the stored weights are told by system."""
    history = rows.read(chain.shunts["history"])
    windows = {name: str(system.windows[0].window) for name, system in chain.systems.items()}

    assert [(row["system"], row["shunt"], row["epoch"]) for row in history] == [
        (name, window, epoch) for name, window in windows.items() for epoch in (1, 2)
    ]
    assert all(row["mse"] > 0 and row["validation_mse"] > 0 for row in history)
    assert {key.rpartition("/")[0].rpartition(".")[0] for key in chain.inputs(
        shunts=chain.shunts["weights"]).weights("shunts")} == {
        f"{name}.{window}" for name, window in windows.items()
    }  # fmt: skip


def test_scores_of_the_final_trainings(chain):
    """Each has a row with what it learned from, the cost of its system, and its drop."""
    found = rows.read(chain.finals["scores"])
    original = only(chain.original["scores"])

    assert [(row["system"], row["state"], row["distillation"]) for row in found] == [
        ("published", "final", "plain"), ("keep-80", "final", "dark_knowledge"),
    ]  # fmt: skip
    for row in found:
        cost = chain.cost(row["system"])
        assert list(row) == SCORES
        assert (row["parameters"], row["macs"]) == (cost.parameters, cost.macs)
        assert row["drop"] == original["score"] - row["score"]
    assert [(row["network"], row["epoch"]) for row in rows.read(chain.finals["history"])] == [
        ("published plain", 1), ("published plain", 2),
        ("keep-80 dark_knowledge", 1), ("keep-80 dark_knowledge", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("place", [0, 1])
def test_a_final_network_is_read_as_it_was_scored(chain, place):
    """Its stored weights give the test and the validation score of its row, the best epoch's."""
    final = checked("train_final", FINALS).finals[place]
    row = rows.read(chain.finals["scores"])[place]
    inputs = chain.inputs(finals=chain.finals["weights"])
    system = chain.systems[final.system]
    model = read_final(inputs, "finals", chain.model, chain.network, final, system)
    epochs = [
        one["validation_accuracy"] for one in rows.read(chain.finals["history"])
        if one["network"].startswith(final.system)
    ]  # fmt: skip

    assert chain.score(model) == row["score"]
    assert chain.score(model, "validation") == row["validation_score"] == max(epochs)


def test_a_killed_final_training_goes_on_to_the_same_bytes(chain, tmp_path):
    """Killed between its two trainings, the stage writes the same weights, history and scores."""
    inputs = {"images": chain.images, **chain.before, "shunts": chain.shunts["weights"]}
    saved = tmp_path / "checkpoint"
    with pytest.raises(KillError):
        run_step(
            "train_final", FINALS, inputs, tmp_path / "a", checkpoint=saved, progress=StopAfter(2)
        )
    assert saved.exists()
    assert not list((tmp_path / "a").rglob("*.csv"))
    found = run_step("train_final", FINALS, inputs, tmp_path / "b", checkpoint=saved)

    for name, path in found.items():
        assert path.read_bytes() == chain.finals[name].read_bytes(), name


@pytest.fixture(scope="module")
def exports(chain):
    """Export the original and a final network of the first of two seeds."""
    strange = chain.shunts["weights"]
    params = {**SYSTEMS, "finals": (TAUGHT,), "calibration": 8}
    return chain.run(
        "export", params, choices=chain.search["choices"],
        original={0: chain.original["weights"], 1: strange},
        finals={0: chain.finals["weights"], 1: strange},
    )  # fmt: skip


def test_exported_networks_are_held_against_keras(chain, exports):
    """In single precision they answer as Keras does, with the scores of the first seed's rows."""
    found, content = rows.read(exports["rows"]), arrays.read_folder(exports["exported"])

    assert [(row["network"], row["precision"]) for row in found] == [
        ("original", "float32"), ("original", "int8"),
        ("keep-80-dark_knowledge", "float32"), ("keep-80-dark_knowledge", "int8"),
    ]  # fmt: skip
    assert {f"{row['network']}-{row['precision']}": row["bytes"] for row in found} == {
        name: len(one) for name, one in content.items()
    }
    scores = [only(chain.original["scores"]), rows.read(chain.finals["scores"])[1]]
    for row, scored in zip(found[::2], scores, strict=True):
        assert row["difference"] <= 1e-5
        assert (row["agreement"], row["score"]) == (100, scored["score"])
    assert all(row["agreement"] > 50 for row in found)
    assert found[1]["bytes"] < found[0]["bytes"] / 2


def test_an_exported_network_answers_by_itself(chain, exports):
    """The stored bytes, run by LiteRT on the test images, give the score of their row."""
    content = arrays.read_folder(exports["exported"])["original-float32"].tobytes()
    test = read_split(chain.inputs(), "test", chain.network)
    found = Litert(content)(np.concatenate([np.asarray(one) for one, _ in test.batches(28)]))

    share = 100 * float((found.argmax(-1) == test.labels).mean())
    assert share == pytest.approx(only(chain.original["scores"])["score"])


def test_of_several_seeds_the_first_is_read(chain):
    """Weights of several seeds are read as those of the lowest one, and the path is told."""
    first, second = chain.original["weights"], chain.shunts["weights"]
    found, place = read_weights(Inputs({"w": {3: second, 1: first}}), "w")
    alone, _ = read_weights(Inputs({"w": {3: second}}), "w")

    assert (found.keys(), place) == (arrays.read_weights(first).keys(), str(first))
    assert alone.keys() == arrays.read_weights(second).keys()


def test_weights_of_another_network_are_refused(chain):
    """The message has the file, what of it was looked for, and the first layer that differs."""
    own, strange = chain.original["weights"], chain.shunts["weights"]
    inputs = chain.inputs(original=strange, shunts=own, finals=strange)
    system, final = chain.systems["published"], checked("train_final", FINALS).finals[0]

    with pytest.raises(HarnessError, match=f"in {strange} are not .* in the layer 'Conv' "):
        read_network(inputs, "original", chain.network)
    with pytest.raises(
        HarnessError, match=f"in {own}, 'published.5-9' are not .* in the layer 'shunt_conv_1' "
    ):
        read_shunts(inputs, "shunts", chain.model, chain.network, system)
    with pytest.raises(
        HarnessError, match=f"in {strange}, 'published plain' are not .* in the layer '.*Conv' "
    ):
        read_final(inputs, "finals", chain.model, chain.network, final, system)


def test_a_stage_that_is_given_another_network_names_it(chain, tmp_path):
    """The stage ends before it trains anything, with the layer whose shape is another."""
    params = {**SYSTEMS, **TRAINING, "network": {**NETWORK, "width": 0.5}}
    inputs = {"images": chain.images, **chain.before}

    with pytest.raises(
        HarnessError, match=r"'expanded_conv_\w+' the weight 'kernel' has the shape"
    ):
        run_step("train_shunts", params, inputs, tmp_path)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("keep-50", "the search has no system 'keep-50'; it has keep-80, keep-1, published"),
        ("keep-1", "no choice of windows meets the budget 'keep-1': "),
    ],
)
def test_a_system_that_the_search_has_not_is_refused(chain, tmp_path, chosen, said):
    """The message has the name, and what the search does have, or why it has no choice."""
    params = {**SYSTEMS, **TRAINING, "chosen": (chosen,)}

    with pytest.raises(HarnessError, match=said):
        run_step("train_shunts", params, {"images": chain.images, **chain.before}, tmp_path)


def test_without_a_search_nothing_is_chosen(chain, tmp_path):
    """A stage that builds chosen systems needs the search's rows."""
    params = {**SYSTEMS, **TRAINING}
    inputs = {"images": chain.images, "original": chain.original["weights"]}

    with pytest.raises(HarnessError, match="no input 'choices'"):
        run_step("train_shunts", params, inputs, tmp_path)
