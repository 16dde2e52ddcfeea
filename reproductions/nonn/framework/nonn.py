"""`NoNN`: the authors' interface to teacher and students."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from harness.errors import HarnessError
from reproductions.nonn.framework.config import (
    StudentConfigs,
    TeacherConfigs,
    notes,
    read_config,
)
from reproductions.nonn.framework.course import run_of
from reproductions.nonn.framework.dataset import open_images
from reproductions.nonn.framework.device import Devices, devices
from reproductions.nonn.framework.files import cluster_path, read_cluster
from reproductions.nonn.framework.models import Family, Own, Wide_ResNet, accepted, filters
from reproductions.nonn.framework.optimise import Stepped, stepped
from reproductions.nonn.framework.student import Student, Unified, unified
from reproductions.nonn.framework.teacher import Loss, Teacher
from reproductions.nonn.networks import initialise, parameters
from reproductions.nonn.students import SharedTrunk, System

DEFAULT = Path(__file__).with_name("configs") / "default.config"


class NoNN:
    """A network of neural networks, from a configuration file in the published form.

    Parameters
    ----------
    config_file
        A JSON file; the published default where none is given. Its paths are relative to the
        current folder.

    Raises
    ------
    HarnessError
        The file has faults, all of which are told, or there are no images for it.

    Examples
    --------
    >>> nonn = NoNN(config_file="configs/digits.config")  # doctest: +SKIP
    >>> nonn.create_teacher()  # doctest: +SKIP
    >>> nonn.teacher.execute()  # doctest: +SKIP
    >>> nonn.create_unified_student()  # doctest: +SKIP
    >>> nonn.create_student()  # doctest: +SKIP
    >>> nonn.student.train_model()  # doctest: +SKIP
    >>> nonn.student.deploy()  # doctest: +SKIP
    """

    def __init__(self, config_file: str | Path = "") -> None:
        self.config = read_config(Path(config_file or DEFAULT))
        self.dataset_config, self.base_configs, self.teacher_configs, self.student_configs = (
            MappingProxyType(part.model_dump(mode="json"))
            for part in (
                self.config.dataset_configs,
                self.config.base,
                self.config.teacher,
                self.config.student,
            )
        )
        for note in notes(self.config):
            print(note)
        self.images = open_images(self.config)
        self._teacher: Teacher | None = None
        self._student: Student | None = None
        self._unified: tuple[nn.Module, Unified] | None = None

    @property
    def teacher(self) -> Teacher:
        """The teacher; HarnessError before there is one."""
        if self._teacher is None:
            raise HarnessError("there is no teacher yet", "call create_teacher() first")
        return self._teacher

    @property
    def student(self) -> Student:
        """The students; HarnessError before there are any."""
        if self._student is None:
            raise HarnessError("there is no student yet", "call create_student() first")
        return self._student

    def create_teacher(
        self,
        model: nn.Module | None = None,
        loss: Loss | None = None,
        optimizer: Any = None,
        scheduler: Any = None,
        *,
        print_model: bool = False,
        print_params: bool = False,
    ) -> None:
        """Create the teacher: what is not passed is taken from the configuration.

        Parameters
        ----------
        model
            A network whose forward returns logits and its last map; a WRN where none is passed.
        loss
            Of logits and labels; cross entropy where none is passed.
        optimizer, scheduler
            Like those of `torch.optim`, on the parameters of `model`.
        print_model, print_params
            Whether to print the network, and how many parameters it has.

        Raises
        ------
        HarnessError
            One of them does not fit the images or the model.
        """
        where = self.config.teacher
        if model is None:
            model = self._wrn(where)
            initialise(model, run_of("teacher", self.config.base.seed).seed("initial"))
        model = accepted(model, self.images.shape, self.config.base.num_classes, "model")
        on = _told(devices(where.gpu_id, parallel=where.parallel, where="teacher"))
        model.to(on.names[0])
        update = self._update(model, optimizer, scheduler, where)
        loss = loss if loss is not None else functional.cross_entropy
        self._teacher = Teacher(self.config, self.images, model, loss, update, on)
        if print_model:
            print(model)
        if print_params:
            print(f"{parameters(model)} parameters")

    def create_unified_student(self, model: nn.Module | None = None) -> Unified:
        """Return all students under one head, for the partition that the teacher left.

        Parameters
        ----------
        model
            The network of one student; a WRN as the configuration says where none is passed.

        Raises
        ------
        HarnessError
            There is no partition yet, or the network does not fit the images.
        """
        cluster = read_cluster(self._cluster, self.config.base.num_students)
        if model is None:
            model = self._wrn(self.config.student)
        base = accepted(model, self.images.shape, self.config.base.num_classes, "model")
        features = filters(base, self.images.shape)
        inner = base.model if isinstance(base, Own) else base
        grey = self.images.shape[0] == 1
        system = unified(inner, features, cluster.sizes, self.config, grey)
        self._unified = (inner, system)
        return system

    def create_student(
        self, model: Unified | None = None, optimizer: Any = None, scheduler: Any = None
    ) -> None:
        """Create what trains the students: what is not passed is taken from the configuration.

        Parameters
        ----------
        model
            What `create_unified_student` has returned; it is called where none is passed.
        optimizer, scheduler
            Like those of `torch.optim`, on the parameters of `model`.

        Raises
        ------
        HarnessError
            There is no teacher or no partition, or one of the arguments does not fit.
        """
        where, teacher = self.config.student, self.teacher
        if self._unified is None:
            self.create_unified_student()
        assert self._unified is not None
        base, system = self._unified
        if model is not None and model is not system:
            if not isinstance(model, System | SharedTrunk):
                raise HarnessError(
                    f"model: {type(model).__name__} is no unified student",
                    "pass what create_unified_student() returns",
                )
            system = model
        cluster = read_cluster(self._cluster, self.config.base.num_students)
        if system.sizes != cluster.sizes:
            raise HarnessError(
                f"model: its students have {system.sizes} filters, the partition {cluster.sizes}",
                "call create_unified_student() again",
            )
        on = _told(devices(where.gpu_id, parallel=where.parallel, where="student"))
        system.to(on.names[0])
        update = self._update(system, optimizer, scheduler, where)
        self._student = Student(
            self.config, self.images, teacher, base, system, cluster, update, on
        )

    @property
    def _cluster(self) -> Path:
        return cluster_path(self.config.base.activation_network_path)

    def _wrn(self, where: TeacherConfigs | StudentConfigs) -> Family:
        channels, size, _ = self.images.shape
        classes = self.config.base.num_classes
        return Wide_ResNet(where.depth, where.widen_factor, where.dropout, classes, size, channels)

    def _update(
        self,
        model: nn.Module,
        optimizer: Any,
        scheduler: Any,
        where: TeacherConfigs | StudentConfigs,
    ) -> Stepped | None:
        if optimizer is None and scheduler is None:
            return None
        update = stepped(model, optimizer, scheduler)
        if scheduler is None:
            how = where.lr_scheduler
            update.scheduler = torch.optim.lr_scheduler.StepLR(
                update.optimizer, how.step_size, how.gamma
            )
        return update


def _told(on: Devices) -> Devices:
    if on.lacking:
        print(on.lacking)
    return on
