"""The students of the authors' interface, which learn together from the teacher."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from torch import nn

from harness.errors import HarnessError
from harness.fault import system_fault
from harness.formats import jsonfile
from harness.formats.arrays import Array
from harness.formats.rows import Row
from reproductions.nonn.framework.config import Config
from reproductions.nonn.framework.course import Course, chanced, run_of, told
from reproductions.nonn.framework.dataset import Images
from reproductions.nonn.framework.device import Devices
from reproductions.nonn.framework.files import Cluster, read_weights, weights_path
from reproductions.nonn.framework.inference import Deployment
from reproductions.nonn.framework.log import looking
from reproductions.nonn.framework.models import Family, Node, coloured, drop
from reproductions.nonn.framework.optimise import Stepped
from reproductions.nonn.framework.teacher import Teacher
from reproductions.nonn.images import Split
from reproductions.nonn.networks import initialise
from reproductions.nonn.params.distillation import Knowledge, Transfer
from reproductions.nonn.students import SharedTrunk, System, build
from reproductions.nonn.survivors import subset_accuracies
from reproductions.nonn.teacher import Lesson
from reproductions.nonn.teaching import taught
from reproductions.nonn.training import Objective, Task
from reproductions.nonn.weights import restore, tensors

Unified = System | SharedTrunk


@dataclass(frozen=True)
class Teaching:
    """What the loss of the students is made of."""

    knowledge: Knowledge
    transfer: Transfer
    dropout: float = 0.0


def unified(
    base: nn.Module, filters: int, sizes: Sequence[int], config: Config, grey: bool
) -> Unified:
    """Return N students of `base` under one head.

    A network of a family is built and drawn anew for each student, as the stage does. One of the
    user's own is copied with its weights; its bridges and the head are drawn.

    Parameters
    ----------
    filters
        The features of `base`.
    sizes
        The filters that each student stands for.
    grey
        Whether the images are grey, and to be repeated for a family with three channels.

    Raises
    ------
    HarnessError
        `compat` is asked for a network of the user's own.
    """
    run = run_of("students", config.base.seed)
    if isinstance(base, Family):
        system = build(base.network, sizes, compat=config.base.compat, run=run)
        drop(system, base.dropout)
        if grey and base.network.image_channels == 3:
            coloured(system)
        return system
    if config.base.compat:
        raise HarnessError(
            "base.compat: the release's assembly is known for its own networks only",
            "pass a Wide_ResNet, VGG or MobileNetV2, or set compat to false",
        )
    nodes = [Node(base, filters, channels) for channels in sizes]
    system = System(nodes, sizes, config.base.num_classes)
    for name, part in system.named_children():
        new = part.bridge if isinstance(part, Node) else part
        initialise(new, run.seed("initial", len(sizes), name))
    return system


@dataclass(frozen=True)
class Student:
    """The students; made by `NoNN.create_student`.

    Parameters
    ----------
    base
        The network that each student is made of.
    model
        All students under one head.
    cluster
        The teacher's filters of each.
    update
        The user's optimiser and schedule; None for those of the configuration.
    """

    config: Config
    images: Images
    teacher: Teacher
    base: nn.Module
    model: Unified
    cluster: Cluster
    update: Stepped | None
    devices: Devices

    def train_model(self) -> None:
        """Train all students together to their best epoch on the validation images.

        Writes the weights, their description, the log and the checkpoint after every epoch.

        Raises
        ------
        HarnessError
            The teacher has not been trained, or the configuration's mode is `deploy`.
        """
        config, student = self.config, self.config.student
        if student.mode == "deploy":
            raise HarnessError(
                "student.mode 'deploy': these students are not to be trained",
                "set the mode to 'train', or call deploy()",
            )
        self.devices.settle()
        known = self.teacher.load()
        self.teacher.model.to(self.devices.names[0])
        how = config.training(student)
        train, validation, test = map(
            self.devices.moved, (self.images.train, self.images.validation, self.images.test)
        )
        task = Task(
            student.model_name or "students",
            lambda: (self.model, self._objective(train, fixed=how.augment is None)),
            None if self.update is None else self._updating,
            looking(
                (validation, self._judge(validation)),
                (test, self._judge(test)),
                (how.batch_size, config.dataset_configs.test_batch_size),
            ),
        )
        self._describe()
        run = run_of("students", config.base.seed)
        best = self._course(known).train(task, (train, validation), how, run)
        restore(self.model, best, "the training")

    def deploy(
        self,
        passes: int = 10,
        images: int = 20,
        runtime: Literal["tvm_rpc", "onnxruntime"] = "tvm_rpc",
        deadline_s: float = 10.0,
    ) -> Deployment:
        """Deploy the trained students on their devices and ask them about test images.

        Compiles each student and the final layer into `deploy_dir_path`, places the students on
        TVM's RPC servers, asks all of them at once about each image, and writes the inference log.
        A student that fails is left out of the answers, and every pass says how many they stand
        on.

        Parameters
        ----------
        passes
            How often each image is asked about; the release's number where none is passed.
        images
            How many of the test images, from the first one.
        runtime
            `tvm_rpc`, or `onnxruntime` in a process a student on this machine.
        deadline_s
            How long an answer may take.

        Raises
        ------
        HarnessError
            The students have not been trained; this environment or machine lacks what the
            deployment needs; or no student answered.
        """
        if not (passes >= 1 and images >= 1 and deadline_s > 0):
            raise HarnessError(
                f"deploy: passes {passes}, images {images}, deadline_s {deadline_s}",
                "each must be larger than zero",
            )
        from reproductions.nonn.framework.deployment import Deploying

        base, split = self.config.base, self.images.test
        remedy = "train the students first, with student.mode 'train' and train_model()"
        weights = read_weights("base.student_model_path", base.student_model_path, remedy)
        restore(self.model, weights, str(weights_path(base.student_model_path)))
        system = copy.deepcopy(self.model).cpu()
        some = replace(split, images=split.images[:images], labels=split.labels[:images])
        log = Path(base.deploy_dir_path) / self.config.student.inference_log_file
        try:
            return Deploying(base, system, some, log).run(passes, runtime, deadline_s)
        except OSError as error:
            raise system_fault(error) from error

    def subset_accuracies(self) -> list[Row]:
        """Return the accuracy on the test images for every subset of students that answers."""
        split = self.devices.moved(self.images.test)
        size = self.config.dataset_configs.test_batch_size
        return subset_accuracies(self.model, split, size)

    def _teaching(self, dropout: float) -> Teaching:
        return Teaching(self.config.knowledge(), self.config.transfer(), dropout)

    def _objective(self, images: Split, *, fixed: bool) -> Objective:
        lesson = self._lesson(images, fixed=fixed)
        how = self._teaching(self.config.student.student_dropout)
        objective = taught(self._spread(), self.cluster.filters, lesson, how)
        chancy = not isinstance(self.base, Family) or self.base.dropout > 0
        return chanced(objective) if chancy else objective

    def _judge(self, images: Split) -> Objective:
        lesson = self._lesson(images, fixed=True)
        return taught(self._spread(), self.cluster.filters, lesson, self._teaching(0.0))

    def _lesson(self, images: Split, *, fixed: bool) -> Lesson:
        teacher = self.teacher.model.eval()
        size = self.config.dataset_configs.train_val_batch_size
        return Lesson(teacher, images, size, fixed=fixed)

    def _spread(self) -> Unified:
        spread: Unified = self.devices.spread(self.model)
        return spread

    def _updating(self, _model: nn.Module) -> Stepped:
        if self.update is None:
            raise HarnessError("the students have no optimiser of their own")
        return self.update

    def _describe(self) -> None:
        """Write beside the weights what they are of, for whoever deploys them."""
        network = self.base.network if isinstance(self.base, Family) else None
        content = {
            "network": network and network.model_dump(mode="json"),
            "filters": [list(part) for part in self.cluster.filters],
            "classes": self.config.base.num_classes,
            "compat": self.config.base.compat,
        }
        path = weights_path(self.config.base.student_model_path).with_suffix(".json")
        jsonfile.write(path, content)

    def _course(self, known: dict[str, Array]) -> Course:
        base, student, update = self.config.base, self.config.student, self.update
        teacher = hashlib.sha256()
        for name in sorted(known):
            teacher.update(name.encode() + known[name].tobytes())
        teaching = self._teaching(student.student_dropout)
        identity = {
            "images": self.images.digest,
            "teacher": teacher.hexdigest(),
            "filters": json.dumps(self.cluster.filters),
            "seed": base.seed,
            "model": repr(self.model),
            "dropout": getattr(self.base, "dropout", None),
            "tensors": {name: list(value.shape) for name, value in tensors(self.model).items()},
            "loss": [teaching.knowledge.model_dump(), teaching.transfer.model_dump()],
            "student_dropout": teaching.dropout,
            "optimizer": update and told(update.optimizer),
            "scheduler": update and told(update.scheduler),
        }
        return Course(
            "student", base.student_model_path, student.log_file, student.resume, identity, dict
        )
