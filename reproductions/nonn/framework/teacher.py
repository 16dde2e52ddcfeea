"""The teacher of the authors' interface: trained, partitioned, or both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from harness.errors import HarnessError
from harness.formats import arrays
from harness.formats.arrays import Array
from reproductions.naming import within
from reproductions.nonn.activity import activity_of
from reproductions.nonn.framework.config import Config
from reproductions.nonn.framework.course import Course, chanced, run_of, told
from reproductions.nonn.framework.dataset import Images
from reproductions.nonn.framework.device import Devices
from reproductions.nonn.framework.files import (
    cluster_path,
    read_weights,
    weights_path,
    write_cluster,
)
from reproductions.nonn.framework.log import looking
from reproductions.nonn.framework.models import Family, Own, targets
from reproductions.nonn.framework.optimise import Stepped
from reproductions.nonn.graph import Recorded, graph_of
from reproductions.nonn.params.graph import GraphParams
from reproductions.nonn.params.partition import PartitionParams
from reproductions.nonn.partition.cut import cut, links_of
from reproductions.nonn.partition.step import shares_of
from reproductions.nonn.teacher import classified
from reproductions.nonn.training import Objective, Task
from reproductions.nonn.weights import restore, tensors

Loss = Callable[[Tensor, Tensor], Tensor]


def is_chancy(model: nn.Module) -> bool:
    """Whether training `model` may draw from torch's own source of chance."""
    return not isinstance(model, Family) or model.dropout > 0


@dataclass(frozen=True)
class Teacher:
    """A teacher; made by `NoNN.create_teacher`.

    Parameters
    ----------
    model
        A network that returns logits and pooled features.
    loss
        Of logits (B, classes) and labels (B,).
    update
        The user's optimiser and schedule; None for those of the configuration.
    """

    config: Config
    images: Images
    model: nn.Module
    loss: Loss
    update: Stepped | None
    devices: Devices

    def execute(self) -> None:
        """Train, partition or do both, as the configuration's mode says."""
        mode = self.config.teacher.mode
        if mode != "partition":
            self.train_model()
        if mode != "train":
            self.partition_model()

    def train_model(self) -> None:
        """Train to the best epoch on the validation images, and keep those weights.

        Writes the weights, the log and the checkpoint after every epoch.
        """
        self.devices.settle()
        config, teacher = self.config, self.config.teacher
        how = config.training(teacher)
        train, validation, test = map(
            self.devices.moved, (self.images.train, self.images.validation, self.images.test)
        )
        task = Task(
            teacher.model_name or "teacher",
            lambda: (self.model, self._objective()),
            None if self.update is None else self._updating,
            looking(
                (validation, self._judge()),
                (test, self._judge()),
                (how.batch_size, config.dataset_configs.test_batch_size),
            ),
        )
        run = run_of("teacher", config.base.seed)
        best = self._course().train(task, (train, validation), how, run)
        restore(self.model, best, "the training")

    def partition_model(self) -> None:
        """Build the filter activation network of the trained teacher and share its filters out.

        Raises
        ------
        HarnessError
            The teacher has not been trained, or its filters cannot be shared out so.
        """
        self.devices.settle()
        self.load()
        base, wishes = self.config.base, self.config.teacher.filter_activation_network
        split = self.devices.moved(self.images.validation)
        run = run_of("activity", base.seed)
        batch_size = self.config.dataset_configs.train_val_batch_size
        activity = activity_of(self.model, split, batch_size, run.progress)
        graph = graph_of(
            Recorded.of(activity),
            GraphParams(top_k=wishes.top_k_creation, classes=base.num_classes),
        )
        arrays.write_weights(weights_path(base.activation_network_path), graph)
        params = PartitionParams.model_validate(
            {
                "students": (base.num_students,),
                "keep_percentile": wishes.percentile_value,
                "compat": base.compat,
            }
        )
        (share,) = shares_of(graph["weights"], params, run_of("partition", base.seed))
        links = links_of(cut(graph["weights"], params.keep_percentile))
        filters = [[number for number, _ in pairs] for pairs in share.students]
        path = cluster_path(base.activation_network_path)
        write_cluster(path, len(links), filters, share.quality(links, params.resolution.gamma))
        sizes = ", ".join(str(len(part)) for part in filters)
        print(f"{path}: {base.num_students} students with {sizes} of {len(links)} filters")

    def load(self) -> dict[str, Array]:
        """Load the trained weights into the model and return them as they were written.

        Raises
        ------
        HarnessError
            There are none yet, or they are of another network.
        """
        published = self.config.base.teacher_model_path
        remedy = "run the teacher with mode 'train' or 'train_and_partition' first"
        weights = read_weights("base.teacher_model_path", published, remedy)
        inner = self.model.model if isinstance(self.model, Own) else self.model
        restore(inner, weights, str(weights_path(published)))
        return weights

    def _judge(self) -> Objective:
        return classified(self.devices.spread(self.model), targets(self.loss))

    def _objective(self) -> Objective:
        return chanced(self._judge()) if is_chancy(self.model) else self._judge()

    def _updating(self, _model: nn.Module) -> Stepped:
        if self.update is None:
            raise HarnessError("the teacher has no optimiser of its own")
        return self.update

    def _course(self) -> Course:
        update = self.update
        identity = {
            "images": self.images.digest,
            "seed": self.config.base.seed,
            "model": repr(self.model),
            "dropout": getattr(self.model, "dropout", None),
            "tensors": {name: list(value.shape) for name, value in tensors(self.model).items()},
            "loss": told(self.loss),
            "optimizer": update and told(update.optimizer),
            "scheduler": update and told(update.scheduler),
        }
        own = isinstance(self.model, Own)
        return Course(
            "teacher",
            self.config.base.teacher_model_path,
            self.config.teacher.log_file,
            self.config.teacher.resume,
            identity,
            lambda weights: within("model", weights) if own else weights,
        )
