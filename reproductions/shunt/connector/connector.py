"""`ShuntConnector`: the authors' interface, in ten steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tensorflow as tf

from reproductions.shunt.connector import dataset, network, sections, trainings, writing
from reproductions.shunt.connector.agreement import DATASETS
from reproductions.shunt.connector.config import read_config
from reproductions.shunt.connector.course import Shunts, Teacher, keep_shunts, mean_squared_error
from reproductions.shunt.connector.desk import Desk, PartOfDataset, needed_section
from reproductions.shunt.connector.distilling import one_of
from reproductions.shunt.connector.files import read_weights
from reproductions.shunt.connector.ini import Source
from reproductions.shunt.connector.judge import (
    default_losses,
    default_metrics,
    losses_of,
    metrics_of,
)
from reproductions.shunt.connector.log import Log
from reproductions.shunt.connector.missing import needed
from reproductions.shunt.connector.summary import quotient_lines
from reproductions.shunt.connector.timing import latencies
from reproductions.shunt.determinism import settle
from reproductions.shunt.knowledge import quotients
from reproductions.shunt.params.distillation import Distillation, Plain
from reproductions.shunt.surgery.replacement import with_shunts

_ORIGINAL = "call create_original_model() or set_original_model(model) first"
_SHUNT = "call create_shunt_model() or set_shunt_model(model) first"
_FINAL = "call create_final_model() or set_final_model(model) first"


class ShuntConnector:
    """Ten steps from a dataset to a network with shunts, each callable and replaceable.

    Parameters
    ----------
    config
        The published INI file: a path, its text, a ConfigParser, or a mapping of sections.
    folder
        Where the folder ``log`` is made; the current folder where none is given.

    Its fields are those of the release: `flops_dict` and `accuracy_dict` by ``original``, ``shunt``
    and ``final`` (multiply-adds; the last metric on the test images, of the shunt the mean squared
    error), `latency_dict` in milliseconds, `know_quot` as layers and quotient, and the models.

    Raises
    ------
    HarnessError
        The configuration has faults, all of which are told, or the log folder cannot be made.
        A step that lacks an input raises a MissingError, a ValueError that names the field.

    Examples
    --------
    >>> connector = ShuntConnector(ShuntConnector.create_config("my.cfg"))  # doctest: +SKIP
    >>> connector.execute()  # doctest: +SKIP
    """

    def __init__(self, config: Source, folder: str | Path = ".") -> None:
        self.config = read_config(config)
        size = self.config.dataset.test_batchsize if self.config.dataset else 1
        log = Log.begin(Path(folder), datetime.now().astimezone(), writing.text(self.config))
        self.desk = Desk(self.config, log, size)
        self.original_model: Any = None
        self.final_model: Any = None
        self.know_quot: list[tuple[int, int, float]] = []
        found = self.desk.findings
        self.flops_dict, self.accuracy_dict = found.flops, found.accuracy
        self.latency_dict = found.latency
        self.distillation: Distillation = trainings.distillation_of(self.config)
        self._shunts: Shunts = {}
        try:
            settle(self.desk.run("original").seed("settle"))
        except RuntimeError as error:
            log.say(f"TensorFlow has begun already; bytes may differ elsewhere: {error}")

    @staticmethod
    def create_config(path: str | Path) -> Path:
        """Write a complete configuration that runs as it is, and return its path."""
        return writing.create_config(path)

    @staticmethod
    def activate_distribution_scope() -> AbstractContextManager[Any]:
        """Return the scope of a MirroredStrategy, in which to make models, losses and metrics.

        Their variables are then on every device. A training, which begins after the scope, computes
        on one device and then hands its weights to all: sums over devices would change the bytes.
        """
        one = tf.distribute.ReductionToOneDevice()
        return tf.distribute.MirroredStrategy(cross_device_ops=one).scope()

    # What the release has as fields.

    dataset_train = PartOfDataset("train")
    dataset_val = PartOfDataset("validation")
    dataset_test = PartOfDataset("test")

    @property
    def folder_name_logging(self) -> Path:
        """The log folder."""
        return self.desk.log.folder

    @property
    def test_batchsize(self) -> int:
        """How many images are tested at a time; assign another number."""
        return self.desk.size

    @test_batchsize.setter
    def test_batchsize(self, given: int) -> None:
        self.desk.size = given

    @property
    def dataset_props(self) -> Mapping[str, Any] | None:
        """Task, classes, shape and lengths of the dataset; assign a mapping for your own."""
        props = self.desk.data.props
        return None if props is None else MappingProxyType(props.model_dump())

    @dataset_props.setter
    def dataset_props(self, given: Mapping[str, Any]) -> None:
        self.desk.data.describe(given)

    @property
    def task_losses(self) -> list[Any]:
        """The list of losses, which are added up; assign your own, of Keras's kind."""
        if self.desk.losses is not None:
            return list(self.desk.losses)
        return default_losses(self.desk.data.known("task_losses"))

    @task_losses.setter
    def task_losses(self, given: Sequence[Any]) -> None:
        self.desk.losses = losses_of(given)

    @property
    def task_metrics(self) -> list[Any]:
        """The list of metrics, of which the last counts; assign your own, of Keras's kind."""
        if self.desk.metrics is not None:
            return list(self.desk.metrics)
        return default_metrics(self.desk.data.known("task_metrics"))

    @task_metrics.setter
    def task_metrics(self, given: Sequence[Any]) -> None:
        self.desk.metrics = metrics_of(given)

    def load_task_losses_metrics(self) -> None:
        """Take the losses and metrics of the dataset's task again, in place of your own."""
        self.desk.data.known("load_task_losses_metrics")
        self.desk.losses = self.desk.metrics = None

    @property
    def shunt_model(self) -> Any:
        """The shunt; of several a list, from the first window to the last; None before."""
        found = list(self._shunts.values())
        return found[0] if len(found) == 1 else found or None

    # 1. The dataset.

    def create_dataset(self) -> None:
        """Read the dataset of [DATASET], and make it in its folder where it is not there."""
        section = needed_section("create_dataset", "DATASET", self.config.dataset)
        self.desk.data.fill(*dataset.open_images(section))
        self.desk.augment = DATASETS[section.name].augment
        parts = self.desk.data.splits.items()
        said = ", ".join(f"{len(split)} {part}" for part, split in parts)
        self.desk.log.say(f"Dataset {section.name}: {said} images")

    # 2. and 3. The original model.

    def create_original_model(self) -> None:
        """Make the model of [MODEL], or load it, and load its weights where [MODEL] says so."""
        step = "create_original_model"
        section = needed_section(step, "MODEL", self.config.model)
        props = None if section.from_file else self.desk.data.known(step)
        seed = self.desk.run("original").seed("initial")
        self.set_original_model(network.original_model(section, props, seed))

    def set_original_model(self, model: Any) -> None:
        """Take a Keras model as the original one; it is saved, and need not be compiled."""
        self.desk.check("set_original_model", model)
        self.original_model = model
        self.desk.log.model("original", model)
        self.desk.count("original", [model])

    def train_original_model(self) -> None:
        """Train the original model as [TRAINING_ORIGINAL_MODEL] says, to its best epoch."""
        step = "train_original_model"
        model = needed(step, "original_model", self.original_model, _ORIGINAL)
        found = self.config.training_original_model
        section = needed_section(step, "TRAINING_ORIGINAL_MODEL", found)
        how = trainings.training_of(section, self.desk.augment, compat=self.config.compat)
        self.desk.course(step, "original").network("original", model, how)

    def test_original_model(self) -> None:
        """Measure the original model on the test images."""
        model = needed("test_original_model", "original_model", self.original_model, _ORIGINAL)
        self.desk.test("test_original_model", "original", model)

    # 4. The knowledge quotients.

    def calc_knowledge_quotients(self) -> None:
        """Measure on the validation images what each residual block is worth."""
        step = "calc_knowledge_quotients"
        model = needed(step, "original_model", self.original_model, _ORIGINAL)
        found = quotients(model, self.desk.score(step, "validation"))
        self.desk.findings.knowledge = found
        # The layers in the release's order; a user's model may have operations among them.
        layers = [one.name for one in model.operations]
        self.know_quot = [
            (layers.index(one.start) - 1, layers.index(one.end), one.quotient)
            for one in found.quotients
        ]
        for line in quotient_lines(found, layers):
            self.desk.log.say(line)
        self.desk.keep()

    # 5. and 6. The shunts.

    def create_shunt_model(self) -> None:
        """Make the shunts of [SHUNT], or load one, and load its weights where [SHUNT] says so."""
        step = "create_shunt_model"
        section = needed_section(step, "SHUNT", self.config.shunt)
        model = needed(step, "original_model", self.original_model, _ORIGINAL)
        seed = self.desk.run("shunts").seed("initial")
        momentum = (self.config.model or sections.Model()).momentum
        self.set_shunt_model(network.shunt_models(section, model, seed, momentum))

    def set_shunt_model(self, model: Any) -> None:
        """Take a Keras model as the shunt, or a list of them, for the windows of [SHUNT].

        Raises
        ------
        HarnessError
            There are more or fewer than windows, or one does not fit its window.
        """
        step = "set_shunt_model"
        section = needed_section(step, "SHUNT", self.config.shunt)
        original = needed(step, "original_model", self.original_model, _ORIGINAL)
        given = list(model) if isinstance(model, Sequence) else [model]
        self._shunts, warnings = network.placed(section, original, given)
        self.desk.findings.windows = [str(window) for window in self._shunts]
        self.desk.findings.warnings = warnings
        for warning in warnings:
            self.desk.log.say(f"Warning: {warning}")
        keep_shunts(self.desk.log, self._shunts, weights=False)
        self.desk.count("shunt", given)

    def train_shunt_model(self) -> None:
        """Train the shunts on the original model's maps, as [TRAINING_SHUNT_MODEL] says."""
        step = "train_shunt_model"
        shunts = self._ready_shunts(step)
        section = needed_section(step, "TRAINING_SHUNT_MODEL", self.config.training_shunt_model)
        how = trainings.shunt_training_of(section, self.desk.augment, compat=self.config.compat)
        self.desk.course(step, "shunts").shunts(self.original_model, shunts, how)

    def test_shunt_model(self) -> None:
        """Measure the mean squared error of the shunts on the test images."""
        step = "test_shunt_model"
        shunts = self._ready_shunts(step)
        split = self.desk.data.split(step, "test")
        found = mean_squared_error(self.original_model, shunts, split, self.desk.size)
        self.accuracy_dict["shunt"] = found
        self.desk.log.say(f"Shunt: mean squared error {found:.6g} on the test images")
        self.desk.keep()

    # 7. and 8. The final model.

    def create_final_model(self) -> None:
        """Put the shunts into a copy of the original model; load weights where the file says so."""
        step = "create_final_model"
        section = self.config.final_model or sections.FinalModel()
        model = with_shunts(self.original_model, self._ready_shunts(step))
        self.set_final_model(model)
        also = getattr(self.config.general, "test_shunt_inserted_model", False)
        if section.test_after_shunt_insertion or also:
            self.desk.test(step, "shunt_inserted", model)
        if section.pretrained:
            read_weights("FINAL_MODEL.weightspath", Path(section.weightspath), model)

    def set_final_model(self, model: Any) -> None:
        """Take a Keras model as the final one; it is saved, and need not be compiled."""
        self.desk.check("set_final_model", model)
        self.final_model = model
        self.desk.log.model("final", model)
        self.desk.count("final", [model])

    def create_classification_distillation_model(
        self,
        add_dark_knowledge: bool = False,
        temperature: float = 3.0,
        strength: float | None = None,
        add_attention_transfer: bool = False,
        max_number_transfers: int = 0,
        train_on_shunt_features: bool = False,
    ) -> None:
        """Have the final model learn from the original one as well: one of three kinds.

        Parameters
        ----------
        temperature
            Of the dark knowledge.
        strength
            Of what is learned beside the labels; as published where none is given.
        max_number_transfers
            How many additions the attention transfer compares; 0 for a third, at least two.

        Raises
        ------
        HarnessError
            None or several of them are chosen, or a number is not allowed.
        """
        self.distillation = one_of(
            {
                "dark_knowledge": add_dark_knowledge,
                "attention": add_attention_transfer,
                "features": train_on_shunt_features,
            },
            {
                "temperature": temperature,
                "strength": strength,
                "layers": max_number_transfers,
                "compat": self.config.compat,
            },
        )

    def create_semantic_distillation_model(self, kappa: float = 0.3) -> None:
        """Have the final model learn by ACE from the original one, for segmentation."""
        self.distillation = one_of({"ace": True}, {"kappa": kappa})

    def train_final_model(self) -> None:
        """Train the final model as [TRAINING_FINAL_MODEL] says, to its best epoch."""
        step = "train_final_model"
        model = needed(step, "final_model", self.final_model, _FINAL)
        section = needed_section(step, "TRAINING_FINAL_MODEL", self.config.training_final_model)
        how = trainings.training_of(section, self.desk.augment, compat=self.config.compat)
        teacher = None
        if not isinstance(self.distillation, Plain):
            teacher = Teacher(self.original_model, self._ready_shunts(step), self.distillation)
        names = {layer.name for layer in model.layers}
        shunts = [one.name for one in self._shunts.values() if one.name in names]
        self.desk.course(step, "finals").network("final", model, how, shunts, teacher)

    def test_final_model(self) -> None:
        """Measure the final model on the test images."""
        model = needed("test_final_model", "final_model", self.final_model, _FINAL)
        self.desk.test("test_final_model", "final", model)

    # 9. and 10. Latency and summary.

    def test_latency(self) -> None:
        """Time the original and the final model on this machine, in turns."""
        step = "test_latency"
        section = needed_section(step, "TEST_LATENCY", self.config.test_latency)
        both = {
            "original": needed(step, "original_model", self.original_model, _ORIGINAL),
            "final": needed(step, "final_model", self.final_model, _FINAL),
        }
        self.latency_dict |= latencies(both, section, self.desk.run("latency"))
        self.desk.keep()

    def print_summary(self) -> None:
        """Print what was measured, and keep it as summary.json."""
        for line in self.desk.findings.lines():
            self.desk.log.say(line)
        self.desk.keep()

    def execute(self) -> None:
        """Take the steps that [GENERAL] says, in their order.

        Raises
        ------
        HarnessError
            A step cannot be taken; what the steps before it left stays in the log folder.
        """
        general = needed_section("execute", "GENERAL", self.config.general)
        self.create_dataset()
        self.create_original_model()
        self._take(general, "train_original_model", "test_original_model")
        self._take(general, "calc_knowledge_quotients")
        self.create_shunt_model()
        self._take(general, "train_shunt_model", "test_shunt_model")
        self.create_final_model()
        self._take(general, "train_final_model", "test_final_model", "test_latency")
        self.print_summary()

    def _take(self, general: sections.General, *steps: str) -> None:
        for step in steps:
            if getattr(general, step):
                getattr(self, step)()

    def _ready_shunts(self, step: str) -> Shunts:
        needed(step, "original_model", self.original_model, _ORIGINAL)
        return needed(step, "shunt_model", self._shunts or None, _SHUNT)
