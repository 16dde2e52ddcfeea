"""Each step of the authors' interface by itself, with datasets, models and losses of the user's."""

from contextlib import nullcontext

import keras
import numpy as np
import pytest
import tensorflow as tf
from connector_samples import TRAINING, own, props, segmenter, tensors
from training_samples import CLASSES, SIZE, images_of, network, shunt

from harness.errors import HarnessError
from reproductions.shunt import ShuntConnector
from reproductions.shunt.connector.course import run_of
from reproductions.shunt.connector.missing import MissingError
from reproductions.shunt.connector.trainings import shunt_training_of, training_of
from reproductions.shunt.models import logits
from reproductions.shunt.params.distillation import Ace, Attention, DarkKnowledge, Features
from reproductions.shunt.params.window import Window
from reproductions.shunt.training.imitation import shunt_tasks, shunt_weights
from reproductions.shunt.training.loop import Subject, Task, train
from reproductions.shunt.training.objective import supervised
from reproductions.shunt.weights import snapshot

WINDOW = Window(first=1, last=1)
STEPS = {
    "create_dataset": r"\[DATASET\]",
    "create_original_model": r"\[MODEL\]",
    "train_original_model": "original_model",
    "test_original_model": "original_model",
    "calc_knowledge_quotients": "original_model",
    "create_shunt_model": r"\[SHUNT\]",
    "train_shunt_model": "original_model",
    "test_shunt_model": "original_model",
    "create_final_model": "original_model",
    "train_final_model": "final_model",
    "test_final_model": "final_model",
    "test_latency": r"\[TEST_LATENCY\]",
    "load_task_losses_metrics": "dataset_props",
    "execute": r"\[GENERAL\]",
}


def same(one, other):
    """Tell whether two sets of weights are equal, bit for bit."""
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) for name in one
    )


@pytest.mark.parametrize(("step", "field"), STEPS.items())
def test_a_step_without_its_input_names_the_field(tmp_path, step, field):
    """A ValueError says which step lacks which field, and which call makes it."""
    with pytest.raises(ValueError, match=f"{step}: the field '{field}' is missing") as caught:
        getattr(ShuntConnector({}, folder=tmp_path), step)()
    assert isinstance(caught.value, HarnessError)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("step", "field"),
    [
        ("train_shunt_model", "shunt_model"),
        ("test_shunt_model", "shunt_model"),
        ("create_final_model", "shunt_model"),
        ("test_latency", "final_model"),
    ],
)
def test_a_step_names_the_first_field_that_is_missing(tmp_path, step, field):
    """With an original model it is the shunt, or the final model, that is named."""
    with pytest.raises(MissingError, match=f"{step}: the field '{field}' is missing"):
        getattr(own(tmp_path), step)()


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_missing_part_of_a_dataset_is_named(tmp_path, part):
    """A step says which of the three datasets it lacks."""
    connector = ShuntConnector({"TRAINING_ORIGINAL_MODEL": TRAINING}, folder=tmp_path)
    connector.dataset_props = props()
    for other in {"train", "val", "test"} - {part}:
        setattr(connector, f"dataset_{other}", tensors(images_of(props()[f"len_{other}_data"])))
    connector.set_original_model(network(blocks=2))
    step = "test_original_model" if part == "test" else "train_original_model"

    with pytest.raises(MissingError, match=f"{step}: the field 'dataset_{part}'"):
        getattr(connector, step)()


def test_weights_are_those_of_the_stages_functions(tmp_path):
    """Original model, shunt and final model are trained to the bytes of the stages' own loop."""
    connector = own(tmp_path)
    model, own_shunt = network(blocks=2), shunt(WINDOW)
    images, validation = (connector.desk.data.split("", part) for part in ("train", "validation"))
    how = training_of(connector.config.training_original_model, None, compat=False)
    build = Task("original", lambda _: Subject(model, supervised(logits(model))))
    trained = train([build], images, validation, how, run_of("original", 0))

    connector.train_original_model()
    assert same(snapshot(connector.original_model), trained.weights["original"])

    how = shunt_training_of(connector.config.training_shunt_model, None, compat=False)
    splits, made = (images, validation), {WINDOW: own_shunt}
    tasks = shunt_tasks(connector.original_model, [WINDOW], made.__getitem__, splits, how)
    trained = train(tasks, *splits, how, run_of("shunts", 0))

    connector.set_shunt_model(shunt(WINDOW))
    connector.train_shunt_model()
    assert same(snapshot(connector.shunt_model), shunt_weights(trained, made)[WINDOW])

    before = snapshot(connector.original_model)
    connector.create_final_model()
    connector.train_final_model()
    connector.test_final_model()
    assert same(snapshot(connector.original_model), before)
    assert not same(snapshot(connector.final_model), before)
    assert 0 <= connector.accuracy_dict["final"] <= 1


def test_another_seed_gives_other_weights(tmp_path):
    """The key `seed` decides what is drawn: of one seed are the bytes, of another are others."""
    found = []
    for seed in ("0", "1"):
        connector = own(tmp_path, ("GENERAL", {"seed": seed}))
        connector.train_original_model()
        found.append(snapshot(connector.original_model))

    assert not same(*found)


def test_own_losses_and_metrics_are_those_that_count(tmp_path):
    """Losses are added up and train, the last metric chooses, and both are measured."""
    calls = []

    def mine(true, said):
        calls.append((tuple(true.shape[1:]), tuple(said.shape[1:])))
        return keras.ops.mean(keras.ops.square(true - said), axis=-1)

    def upside_down(true, said):
        return -keras.ops.mean(keras.ops.square(true - said), axis=-1)

    connector = own(tmp_path)
    connector.task_losses = [mine, "mean_absolute_error"]
    connector.task_metrics = [keras.metrics.CategoricalAccuracy(), upside_down]
    connector.train_original_model()
    connector.test_original_model()
    folder = connector.folder_name_logging / "training_original_model_history"
    plain = own(tmp_path)
    plain.train_original_model()

    assert set(calls) == {((CLASSES,), (CLASSES,))}
    assert not same(snapshot(connector.original_model), snapshot(plain.original_model))
    assert -1 <= connector.accuracy_dict["original"] <= 0
    assert {path.stem for path in folder.iterdir()} >= {"val_upside_down", "val_loss"}
    assert [loss(np.eye(3), np.eye(3)).numpy().sum() for loss in connector.task_losses] == [0, 0]
    assert [metric.name for metric in connector.task_metrics] == [
        "categorical_accuracy",
        "upside_down",
    ]

    connector.load_task_losses_metrics()
    (loss,), (metric,) = connector.task_losses, connector.task_metrics
    assert (loss.name, metric.name) == ("categorical_crossentropy", "categorical_accuracy")


@pytest.mark.parametrize("masks", [False, True])
def test_default_losses_and_metrics_are_those_of_the_stages(tmp_path, masks):
    """What stands in the lists measures what the stages measure, of classes and of masks."""
    connector = own(tmp_path, blocks=0, masks=masks)
    split, judge = connector.desk.data.split("", "test"), connector.desk.judge("")
    drawn = np.random.default_rng(0).random((*split.labels.shape, CLASSES), dtype=np.float32)
    said = tf.constant(drawn / drawn.sum(-1, keepdims=True))
    ((_, labels),) = split.batches(len(split))
    (loss,), (metric,) = connector.task_losses, connector.task_metrics
    true = labels if masks else keras.ops.one_hot(labels, CLASSES)
    metric.update_state(true, said)

    def model(_images):
        return said

    assert judge.score(model, split, len(split)) == pytest.approx(
        {metric.name: float(metric.result())}
    )
    if not masks:  # Keras's own mean also counts the pixels that are ignored
        assert judge.loss(model, split, len(split)) == pytest.approx(float(loss(true, said)))


@pytest.mark.parametrize("given", [keras.losses.CategoricalCrossentropy(), [], "mse"])
def test_losses_are_a_list(tmp_path, given):
    """One loss that is in no list, and an empty list, are refused."""
    with pytest.raises(HarnessError, match=r"task_losses: .* is no list with something in it"):
        ShuntConnector({}, folder=tmp_path).task_losses = given


def test_a_metric_that_is_no_number(tmp_path):
    """A metric of several numbers, by which nothing can be chosen, is refused by its name."""
    connector = own(tmp_path)
    connector.task_metrics = [keras.metrics.F1Score()]

    with pytest.raises(HarnessError, match=r"task_metrics: 'f1_score' is .* not one finite number"):
        connector.test_original_model()


def test_two_windows_have_a_list_of_shunts(tmp_path):
    """Several shunts are given and kept as a list, each with files of its own."""
    connector = own(tmp_path, ("SHUNT", {"locations": "3; 1"}), blocks=4)
    windows = [Window(first=1, last=1), Window(first=3, last=3)]
    connector.set_shunt_model([shunt(window) for window in windows])
    connector.train_shunt_model()
    connector.create_final_model()

    assert [one.name for one in connector.shunt_model] == ["shunt_1_1", "shunt_3_3"]
    names = {path.name for path in connector.folder_name_logging.iterdir()}
    assert names >= {f"shunt_{window}_model.keras" for window in windows}
    assert names >= {f"shunt_{window}_model_weights.weights.h5" for window in windows}
    inside = {layer.name for layer in connector.final_model.layers}
    assert inside >= {"shunt_1_1", "shunt_3_3"}
    with pytest.raises(HarnessError, match="1 shunts are given for the 2 windows"):
        connector.set_shunt_model(shunt(windows[0]))


def test_models_that_do_not_fit_are_refused(tmp_path):
    """A model for other images or classes, a shunt of another size, and no model at all."""
    connector = own(tmp_path)
    entry = keras.Input((SIZE, SIZE, 2))
    other = keras.Model(entry, keras.layers.Dense(5)(keras.layers.Flatten()(entry)))
    flat = keras.Model(entry, keras.layers.Conv2D(2, 1)(entry))

    with pytest.raises(HarnessError, match=r"tells 5 classes apart, the dataset has \(6, 6, 2\)"):
        connector.set_final_model(other)
    with pytest.raises(HarnessError, match="set_original_model: object is no functional"):
        connector.set_original_model(object())
    with pytest.raises(HarnessError, match=r"the shunt .* maps"):
        connector.set_shunt_model(flat)


def test_a_final_model_of_the_user_s_own(tmp_path):
    """A final model that was made elsewhere is trained and measured like any other."""
    connector = own(tmp_path)
    connector.set_final_model(network(blocks=2))
    connector.train_final_model()
    connector.test_final_model()
    connector.test_latency()

    assert connector.latency_dict.keys() == {"original", "final"}
    assert (connector.folder_name_logging / "final_model.keras").is_file()


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ({"add_dark_knowledge": True, "temperature": 5.0, "strength": 2.0},
         DarkKnowledge(kind="dark_knowledge", temperature=5.0, strength=2.0)),
        ({"add_attention_transfer": True, "max_number_transfers": 1},
         Attention(kind="attention", layers=1)),
        ({"train_on_shunt_features": True}, Features(kind="features")),
    ],
)  # fmt: skip
def test_distillation_of_classes(tmp_path, call, kind):
    """Each of the release's calls makes another loss, and the final model learns by it."""
    connector = own(tmp_path, blocks=3)
    connector.set_shunt_model(shunt(WINDOW))
    weights = []
    for distil in (False, True):
        connector.create_final_model()
        if distil:
            connector.create_classification_distillation_model(**call)
        connector.train_final_model()
        weights.append(snapshot(connector.final_model))

    assert connector.distillation == kind
    assert not same(*weights)


def test_segmentation_learns_by_ace(tmp_path):
    """Own masks, in which 255 does not count, are trained on, distilled by ACE, and measured."""
    connector = own(tmp_path, blocks=0, masks=True)
    connector.set_original_model(segmenter())
    connector.train_original_model()
    connector.test_original_model()
    connector.calc_knowledge_quotients()
    connector.set_shunt_model(shunt(WINDOW))
    weights = []
    for distil in (False, True):
        connector.create_final_model()
        if distil:
            connector.create_semantic_distillation_model(kappa=0.9)
        connector.train_final_model()
        weights.append(snapshot(connector.final_model))
    history = connector.folder_name_logging / "training_final_model_history"

    assert not same(*weights)
    assert 0 < connector.accuracy_dict["original"] <= 1
    assert len(connector.know_quot) == 1
    names = {"val_mean_iou.npy", "pixel_accuracy.npy"}
    assert {path.name for path in history.iterdir()} >= names


def test_only_one_distillation_at_a_time(tmp_path):
    """None of them and two of them are refused, and so is a number that cannot be."""
    connector = own(tmp_path, blocks=0)

    for call in ({}, {"add_dark_knowledge": True, "train_on_shunt_features": True}):
        with pytest.raises(HarnessError, match=r"of the distillations .* [02] are chosen"):
            connector.create_classification_distillation_model(**call)
    with pytest.raises(HarnessError, match="'dark_knowledge': temperature"):
        connector.create_classification_distillation_model(add_dark_knowledge=True, temperature=-1)
    connector.create_semantic_distillation_model(kappa=0.5)
    assert connector.distillation == Ace(kind="ace", kappa=0.5)


def test_a_distillation_takes_no_losses_of_the_user_s(tmp_path):
    """Both at once would leave one of them without effect."""
    connector = own(tmp_path)
    connector.set_shunt_model(shunt(WINDOW))
    connector.create_final_model()
    connector.create_classification_distillation_model(add_dark_knowledge=True)
    connector.task_losses = ["mse"]

    with pytest.raises(HarnessError, match="'dark_knowledge' has a loss of its own"):
        connector.train_final_model()


def test_freezing_before_the_shunt(tmp_path):
    """What stands before the shunt keeps its weights, as the release's key says."""
    connector = own(tmp_path, ("TRAINING_FINAL_MODEL", {"freezing": "freeze_before_shunt"}))
    connector.set_shunt_model(shunt(WINDOW))
    connector.create_final_model()
    before = snapshot(connector.final_model)
    connector.train_final_model()
    after = snapshot(connector.final_model)

    changed = {
        name.split("/")[0] for name in before if not same({0: before[name]}, {0: after[name]})
    }
    assert "final_Conv" not in changed
    assert {"shunt_1_1", "final_Logits"} <= changed


def test_a_training_that_fails_keeps_the_last_good_state(tmp_path):
    """Numbers that are none stop the training; model and weights stay finite."""
    connector = own(tmp_path, ("TRAINING_ORIGINAL_MODEL", {"base_learning_rate": "10"}))
    connector.task_losses = [lambda _, said: keras.ops.log(-keras.ops.sum(said, -1))]

    with pytest.raises(HarnessError, match=r"is (nan|inf|-inf)|no longer finite"):
        connector.train_original_model()
    assert all(np.isfinite(value).all() for value in snapshot(connector.original_model).values())


def test_models_in_the_distribution_scope_give_the_same(tmp_path):
    """Models and metrics that were made in the scope end with the same weights as without."""
    weights = []
    for scoped in (False, True):
        connector = own(tmp_path, blocks=0)
        with connector.activate_distribution_scope() if scoped else nullcontext():
            connector.set_original_model(network(blocks=2))
            connector.task_metrics = [keras.metrics.CategoricalAccuracy()]
            connector.set_shunt_model(shunt(WINDOW))
        connector.train_original_model()
        connector.calc_knowledge_quotients()
        connector.train_shunt_model()
        connector.create_final_model()
        connector.train_final_model()
        connector.test_final_model()
        weights.append(snapshot(connector.final_model))

    assert same(*weights)
    with (
        connector.activate_distribution_scope(),
        pytest.raises(HarnessError, match="a training cannot begin inside of the distribution"),
    ):
        connector.train_original_model()


def test_each_connector_has_a_log_of_its_own(tmp_path, capsys):
    """Two connectors of one second have two folders, and each message is in one of them."""
    both = [ShuntConnector({}, folder=tmp_path) for _ in range(2)]
    for number, connector in enumerate(both):
        connector.desk.log.say(f"message {number}")

    said = [(one.folder_name_logging / "output.log").read_text() for one in both]
    assert said == ["message 0\n", "message 1\n"]
    assert capsys.readouterr().out == "message 0\nmessage 1\n"


def test_the_log_is_in_the_current_folder(tmp_path, monkeypatch):
    """Without a folder the log is made where the process is, and a file there is told."""
    monkeypatch.chdir(tmp_path)
    assert ShuntConnector({}).folder_name_logging.resolve().is_relative_to(tmp_path / "log")

    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    (tmp_path / "other" / "log").write_text("")
    with pytest.raises(HarnessError, match="the log folder cannot be made"):
        ShuntConnector({})
