"""The published configuration file: a strict model of every field, read with all its faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.spec import reader
from harness.spec.base import Spec
from harness.spec.device import NodeAddress
from harness.spec.files import place
from harness.spec.problem import field_name, render
from harness.spec.reader import Document
from harness.spec.translation import Locate, Place, faults
from reproductions.nonn.params.distillation import Knowledge, Normalisation, Reduction, Transfer
from reproductions.nonn.params.training import Augmentation, Schedule, Training

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


def _only(allowed: str | int, reason: str) -> AfterValidator:
    """Return a check for the one value that the release knows, which says why no other is."""

    def check(value: str | int) -> str | int:
        if value != allowed:
            raise ValueError(f"{value!r} is not known, {allowed!r} is: {reason}")
        return value

    return AfterValidator(check)


def _gpu(value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) <= 3):
        raise ValueError(f"{value!r} is not the number of a GPU, such as '0'")
    return value


_PASSED = "another one is passed as an object to create_teacher or create_student"
Optimizer = Annotated[str, _only("SGD", _PASSED)]
Scheduler = Annotated[str, _only("StepLR", _PASSED)]
LossName = Annotated[str, _only("CrossEntropy", "another one is passed to create_teacher")]
SplitIndex = Annotated[
    int,
    _only(
        -1,
        "a student is its network up to the linear layer; -2 would also take away the last "
        "normalisation, as the release does where no network is passed",
    ),
]
Port = Annotated[int, Field(ge=1, le=65_535)]


class DatasetConfigs(Spec):
    """Which images, and how many at a time."""

    dataset_root: FilePath = Field(
        description="Folder of the dataset; its name is that of a dataset of `specs/dataset/`."
    )
    train_val_batch_size: int = Field(ge=2, le=65_536)
    test_batch_size: int = Field(ge=1, le=65_536)
    val_split: float = Field(gt=0, lt=1, description="Share of the training images.")
    num_workers: int = Field(ge=0, description="No effect: the images are in memory.")
    download_train: bool
    download_val: bool
    download_test: bool
    augment: Augmentation | None = Field(
        default=Augmentation(pad=4, flip=True), description="Ours; by default as the release does."
    )

    @property
    def download(self) -> bool:
        """Whether the dataset may be fetched; its parts come in one archive."""
        return self.download_train or self.download_val or self.download_test


class Base(Spec):
    """What teacher and students have in common."""

    num_students: int = Field(ge=1, le=64)
    activation_network_path: FilePath
    student_model_path: FilePath
    teacher_model_path: FilePath
    num_classes: int = Field(ge=2, le=100_000)
    deploy_ips: tuple[NodeAddress, ...]
    deploy_ports: tuple[Port, ...]
    deploy_dir_path: FilePath = "deploy/deployment_files"
    deploy_target: Literal["llvm", "rasp3b", "cuda"] = "llvm"
    seed: int = Field(default=0, ge=0, lt=2**32, description="Ours; of everything that is drawn.")
    compat: bool = Field(
        default=False, description="Ours: partition, students and loss with the release's defects."
    )

    @model_validator(mode="after")
    def _one_device_a_student(self) -> Self:
        counts = (len(self.deploy_ips), len(self.deploy_ports))
        if counts != (self.num_students, self.num_students):
            raise ValueError(
                f"deploy_ips and deploy_ports name {counts[0]} and {counts[1]} devices "
                f"for {self.num_students} students"
            )
        return self


class ActivationConfigs(Spec):
    """The filter activation network; the release never reads these."""

    top_k_creation: int = Field(
        default=50, ge=2, description="Filters of an image that can be linked."
    )
    top_k_partition: int = Field(
        default=128, ge=1, description="No effect: the method has no step that it could change."
    )
    percentile_value: float = Field(default=99, ge=0, lt=100, description="Weaker links are cut.")


class OptimConfig(Spec):
    """The optimiser; another one is passed as an object."""

    optimizer: Optimizer = "SGD"
    lr: float = Field(gt=0, le=10)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-4, ge=0, lt=1)


class LrScheduler(Spec):
    """The schedule of the learning rate; another one is passed as an object."""

    scheduler: Scheduler = "StepLR"
    step_size: int = Field(ge=1)
    gamma: float = Field(gt=0, le=1)


class Loss(Spec):
    """The teacher's loss; another one is passed as an object."""

    name: LossName


class _Network(Spec):
    """What the configurations of teacher and students have in common."""

    model_name: str | None = Field(default=None, min_length=1, max_length=100)
    gpu_id: Annotated[str, AfterValidator(_gpu)]
    epochs: int = Field(ge=1, le=10_000)
    parallel: bool
    resume: bool
    log_file: FileName
    batch_size: int | None = Field(
        default=None, ge=2, le=65_536, description="In place of train_val_batch_size."
    )


class TeacherConfigs(_Network):
    """The teacher and its training."""

    mode: Literal["train", "partition", "train_and_partition"]
    depth: int = Field(default=16, ge=1)
    widen_factor: int = Field(default=4, ge=1, le=64)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    filter_activation_network: ActivationConfigs = ActivationConfigs()
    optim_config: OptimConfig = OptimConfig(lr=0.1)
    lr_scheduler: LrScheduler = LrScheduler(step_size=10, gamma=0.2)
    loss: Loss = Loss(name="CrossEntropy")


class StudentConfigs(_Network):
    """The students and their training."""

    alpha: float = Field(ge=0, le=1)
    temperature: float = Field(gt=0, le=1000)
    beta: float = Field(ge=0)
    mode: Literal["train", "deploy"] = "train"
    split_index: SplitIndex = -1
    inference_log_file: FileName
    depth: int = Field(default=16, ge=1)
    widen_factor: int = Field(default=1, ge=1, le=64)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    optim_config: OptimConfig = OptimConfig(lr=0.01)
    lr_scheduler: LrScheduler = LrScheduler(step_size=20, gamma=0.2)
    kl: Reduction | None = Field(default=None, description="Ours; by default as `compat` says.")
    normalisation: Normalisation | None = Field(default=None, description="Ours; as `compat` says.")
    student_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Ours: the share of images that a whole student misses.",
    )


class Config(Spec):
    """A configuration file of the framework."""

    dataset_configs: DatasetConfigs
    base: Base
    teacher: TeacherConfigs
    student: StudentConfigs

    @model_validator(mode="after")
    def _as_released(self) -> Self:
        released = (self.student.kl in (None, "element_mean")) and (
            self.student.normalisation in (None, "joint")
        )
        if self.base.compat and not released:
            raise ValueError(
                "'compat' is the release: it goes with student.kl 'element_mean' and "
                "student.normalisation 'joint', or with neither of them"
            )
        return self

    def training(self, network: TeacherConfigs | StudentConfigs) -> Training:
        """Return how the teacher or the students are trained."""
        how, when = network.optim_config, network.lr_scheduler
        return Training(
            epochs=network.epochs,
            batch_size=network.batch_size or self.dataset_configs.train_val_batch_size,
            learning_rate=how.lr,
            momentum=how.momentum,
            weight_decay=how.weight_decay,
            schedule=Schedule(step=when.step_size, gamma=when.gamma),
            augment=self.dataset_configs.augment,
        )

    def knowledge(self) -> Knowledge:
        """Return what the students take from the teacher's class scores."""
        student = self.student
        kl: Reduction = "element_mean" if self.base.compat else "batchmean"
        return Knowledge(alpha=student.alpha, temperature=student.temperature, kl=student.kl or kl)

    def transfer(self) -> Transfer:
        """Return what the students take from the teacher's features."""
        normalisation: Normalisation = "joint" if self.base.compat else "per_student"
        return Transfer(
            beta=self.student.beta, normalisation=self.student.normalisation or normalisation
        )


def read_config(path: Path) -> Config:
    """Return the configuration in the JSON file at `path`.

    Raises
    ------
    HarnessError
        The file is not there or is no JSON; or fields are unknown, missing or wrong: all of them
        are told, each with its place and what is allowed.
    """
    if not path.is_file():
        raise HarnessError(
            f"{path}: there is no such configuration file",
            f"examples lie in {Path(__file__).with_name('configs')}",
        )
    tree = jsonfile.read(path)
    problems = [fault.problem for fault in faults(Config, tree, _places(path, tree))]
    if problems:
        raise HarnessError(
            render(sorted(problems)), "correct the file; docs/nonn.md lists every field"
        )
    return Config.model_validate_json(json.dumps(tree))


def _places(source: Path, tree: Any) -> Locate:
    """Return what finds a field's line and column in the file `source`."""
    file = str(source)
    # JSON is YAML as well, but for tabs: then the fields are told without their lines.
    document = reader.read(file, source.read_bytes())
    if document.problems or document.tree != tree:
        document = Document(file)

    def locate(path: tuple[str | int, ...], *, key: bool = False) -> Place:
        if not document.values:
            return Place(file, 0, 0, field_name(path))
        return place(document, path, key=key)

    return locate


def notes(config: Config) -> Iterator[str]:
    """Yield what the configuration asks for and this framework does without."""
    if config.dataset_configs.num_workers:
        yield "dataset_configs.num_workers: no effect; the images are in memory"
    if "top_k_partition" in config.teacher.filter_activation_network.model_fields_set:
        yield (
            "teacher.filter_activation_network.top_k_partition: no effect; the method has no "
            "step that it could change"
        )
