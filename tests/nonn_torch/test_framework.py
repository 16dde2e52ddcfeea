"""The authors' interface: their example, the bytes of the stages, interruptions and refusals."""

from pathlib import Path

import numpy as np
import pytest
import torch
from framework_samples import lay_out_example, small, whole, written
from interruption import KillError
from nonn_stage import SMALL, run_step
from torch import nn

from harness.errors import HarnessError
from harness.formats import arrays, jsonfile, rows
from harness.stage.checkpoint import Checkpoint
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.nonn import NoNN
from reproductions.nonn.framework.models import VGG, Wide_ResNet
from reproductions.nonn.params.partition import PartitionParams
from reproductions.nonn.partition.step import shares_of
from reproductions.nonn.students import SharedTrunk, disjoint

TEACHER = Path("models/teacher/digits_teacher.safetensors")
STUDENTS = Path("models/student/digits_student.safetensors")
CLUSTER = Path("filter_activation_network/cluster_digits_teacher.json")
HEADER = (
    "Epoch;Training loss;Training accuracy;Validation loss;Validation accuracy;Test loss;"
    "Test accuracy"
)


@pytest.fixture
def begin(images, tmp_path, monkeypatch):
    """Give a function that opens the interface in an empty folder, with a changed configuration."""
    monkeypatch.chdir(tmp_path)

    def open_with(*changes):
        return NoNN(config_file=written(small(images, *changes), tmp_path))

    return open_with


class Dying(nn.CrossEntropyLoss):
    """A loss of the user's own that breaks at one of its calls."""

    def __init__(self, last):
        super().__init__()
        self.left = last

    def forward(self, logits, labels):
        """Return the cross entropy."""
        self.left -= 1
        if self.left == 0:
            raise KillError
        return super().forward(logits, labels)


class DyingSteps(torch.optim.lr_scheduler.StepLR):
    """A schedule of the user's own that breaks at the end of an epoch."""

    last = 0

    def step(self, epoch=None):
        """Move on."""
        if self.last and self.last_epoch + 1 == self.last:
            raise KillError
        super().step(epoch)


def test_the_example_runs_as_written(tmp_path, monkeypatch):
    """On the embedded digits teacher and students are trained, partitioned and written safely."""
    monkeypatch.chdir(tmp_path)
    lay_out_example(tmp_path, epochs=2)

    # Instantiate NoNN class with default configs
    nonn = NoNN(config_file="configs/default.config")
    # Create the teacher
    nonn.create_teacher()
    # Execute the mode specified for the teacher (default = "train_and_partition")
    nonn.teacher.execute()
    # Create the unified student model
    nonn.create_unified_student()
    # Create the student
    nonn.create_student()
    # Train the student
    nonn.student.train_model()

    logs = [Path("train") / f"digits_{name}.csv" for name in ("teacher", "student")]
    for log in logs:
        header, *lines = log.read_text().splitlines()
        assert header == HEADER
        assert [line.split(";")[0] for line in lines] == ["1", "2"]
        assert all(len(line.split(";")) == 7 for line in lines)
        assert 0.4 < float(lines[-1].split(";")[6]) <= 1
    cluster = jsonfile.read(CLUSTER)
    assert len(cluster["filters"]) == 2
    assert set(arrays.read_weights(STUDENTS)) == set(
        dict(nonn.student.model.named_parameters())
    ) | {name for name, _ in nonn.student.model.named_buffers() if "running" in name}
    suffixes = {path.suffix for path in Path().rglob("*") if path.is_file()}
    assert suffixes == {".config", ".csv", ".json", ".npy", ".safetensors"}
    assert len(nonn.student.subset_accuracies()) == 3


def test_files_are_those_of_the_stages(begin, images, tmp_path):
    """Teacher, partition and students have the very weights and filters that the stages make."""
    nonn = begin()
    whole(nonn)

    network = {"family": "wrn", "depth": 10, "width": 1, **SMALL}
    training = {"epochs": 3, "batch_size": 16, "schedule": {"step": 2, "gamma": 0.2}}
    teacher = {"network": network, **training, "learning_rate": 0.1}
    found = stage("teacher", "train_teacher", teacher, {"images": images}, tmp_path)
    assert found["weights"].read_bytes() == TEACHER.read_bytes()

    graph = arrays.read_weights(Path("filter_activation_network/digits_teacher.safetensors"))
    activity = stage(
        "activity", "record_activity", {"network": network},
        {"images": images, "weights": found["weights"]}, tmp_path,
    )  # fmt: skip
    built = stage(
        "graph", "build_graph", {"top_k": 16, "classes": 4}, activity, tmp_path
    )["graph"]  # fmt: skip
    assert (graph["weights"] == arrays.read_folder(built)["weights"]).all()

    parts = {"students": (2,), "keep_percentile": 90.0}
    assignment = stage("partition", "partition", parts, {"graph": built}, tmp_path)["assignment"]
    filters = [
        [row["filter"] for row in rows.read(assignment) if row["student"] == k] for k in (0, 1)
    ]
    assert jsonfile.read(CLUSTER)["filters"] == filters

    params = {"teacher": network, "student": network, "students": (2,), **training,
              "learning_rate": 0.03}  # fmt: skip
    inputs = {"images": images, "teacher": found["weights"], "assignment": assignment}
    students = arrays.read_weights(
        stage("students", "train_students", params, inputs, tmp_path)["weights"]
    )
    own = arrays.read_weights(STUDENTS)
    assert {f"n2.{name}" for name in own} == students.keys()
    assert all((students[f"n2.{name}"] == value).all() for name, value in own.items())


def stage(name, step, params, inputs, folder):
    """Run a step as the stage `name` of the paper."""
    return run_step(step, params, inputs, folder / f"stage-{name}", stage=name)


@pytest.mark.parametrize("kill", [3, 9])
def test_a_killed_teacher_goes_on_to_the_same_bytes(begin, kill):
    """Killed in any epoch, a network with dropout under Adam ends with the same weights and log."""

    def create(nonn, last):
        model = Wide_ResNet(10, 1, 0.3, 4, image_size=8, image_channels=1)
        optimizer = torch.optim.Adam(model.parameters())
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
        nonn.create_teacher(model=model, loss=Dying(last), optimizer=optimizer, scheduler=scheduler)

    nonn = begin(("teacher", {"mode": "train"}))
    create(nonn, 0)
    nonn.teacher.execute()
    files = [TEACHER, Path("train/digits_teacher.csv")]
    wanted = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()

    # An epoch calls the loss four times for training and twice each for its two evaluations.
    nonn = begin(("teacher", {"mode": "train"}))
    create(nonn, kill)
    with pytest.raises(KillError):
        nonn.teacher.execute()
    lines = files[1].read_text().splitlines() if files[1].exists() else [HEADER]
    assert len(lines) - 1 == (kill - 1) // 8
    nonn = begin(("teacher", {"mode": "train", "resume": True}))
    create(nonn, 0)
    nonn.teacher.execute()

    assert [path.read_bytes() for path in files] == wanted


def test_killed_students_go_on_to_the_same_bytes(begin):
    """Students with dropout under a schedule of the user's own end with the same bytes."""
    how = ("student", {"student_dropout": 0.3, "dropout": 0.2})

    def create(nonn, last):
        nonn.create_teacher()
        system = nonn.create_unified_student()
        optimizer = torch.optim.SGD(system.parameters(), lr=0.03, momentum=0.9)
        scheduler = DyingSteps(optimizer, step_size=2, gamma=0.2)
        scheduler.last = last
        nonn.create_student(model=system, optimizer=optimizer, scheduler=scheduler)

    nonn = begin(how)
    nonn.create_teacher()
    nonn.teacher.execute()
    create(nonn, 0)
    nonn.student.train_model()
    wanted = STUDENTS.read_bytes()

    nonn = begin(how)
    create(nonn, 2)
    with pytest.raises(KillError):
        nonn.student.train_model()
    assert len(Path("train/digits_student.csv").read_text().splitlines()) == 2
    nonn = begin(("student", {"student_dropout": 0.3, "dropout": 0.2, "resume": True}))
    create(nonn, 0)
    nonn.student.train_model()

    assert STUDENTS.read_bytes() == wanted


def test_more_epochs_continue_a_training(begin):
    """A finished training that is resumed with more epochs ends as one that had them at once."""
    for change in ({"epochs": 3}, {"epochs": 1}, {"epochs": 3, "resume": True}):
        nonn = begin(("teacher", {"mode": "train", **change}))
        nonn.create_teacher()
        nonn.teacher.execute()
        if change == {"epochs": 3}:
            wanted = TEACHER.read_bytes()

    assert TEACHER.read_bytes() == wanted


def test_a_checkpoint_of_other_settings_is_not_taken_up(begin):
    """Resuming with another learning rate is refused, and the checkpoint is named."""
    nonn = begin(("teacher", {"mode": "train", "epochs": 1}))
    nonn.create_teacher()
    nonn.teacher.execute()
    nonn = begin(("teacher", {"mode": "train", "resume": True, "optim_config": {"lr": 0.2}}))
    nonn.create_teacher()

    with pytest.raises(HarnessError, match=r"digits_teacher\.checkpoint-[0-9a-f]{12}.safetensors"):
        nonn.teacher.execute()


class Mine(nn.Module):
    """A network of the user's own."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 12, 3, padding=1)
        self.norm = nn.BatchNorm2d(12)
        self.linear = nn.Linear(12, 4)

    def forward(self, x):
        """Return logits and the last map."""
        maps = torch.relu(self.norm(self.conv(x)))
        return self.linear(maps.mean(dim=(2, 3))), maps


def test_everything_of_the_user_s_own(begin):
    """Networks, losses, optimisers and schedulers are taken as the authors' page shows it."""
    torch.manual_seed(0)
    nonn = begin(("teacher", {"epochs": 2}), ("student", {"epochs": 2}))
    my_teacher = Mine()
    my_optimizer = torch.optim.Adam(my_teacher.parameters())
    my_lr_scheduler = torch.optim.lr_scheduler.StepLR(my_optimizer, step_size=5, gamma=0.9)
    before = my_teacher.conv.weight.detach().clone()
    nonn.create_teacher(
        model=my_teacher, loss=nn.MSELoss(), optimizer=my_optimizer, scheduler=my_lr_scheduler
    )
    nonn.teacher.execute()
    my_student = Mine()
    my_unified_student = nonn.create_unified_student(model=my_student)
    my_optimizer = torch.optim.Adam(my_unified_student.parameters())
    nonn.create_student(model=my_unified_student, optimizer=my_optimizer)
    nonn.student.train_model()

    assert not torch.equal(my_teacher.conv.weight, before)
    assert set(arrays.read_weights(TEACHER)) >= {"conv.weight", "linear.bias"}
    assert disjoint(my_unified_student.nodes())
    assert my_unified_student.head.in_features == sum(my_unified_student.sizes)


def test_the_released_model_is_there_as_well(begin):
    """With compat the students share a backbone, as the release trains them."""
    nonn = begin(("student", {"epochs": 1}))
    nonn.create_teacher()
    nonn.teacher.execute()
    cluster = jsonfile.read(CLUSTER)
    nonn = begin(("base", {"compat": True}), ("student", {"epochs": 1}))
    jsonfile.write(CLUSTER, cluster)
    nonn.create_teacher()
    nonn.create_student()
    nonn.student.train_model()

    assert isinstance(nonn.student.model, SharedTrunk)
    assert jsonfile.read(STUDENTS.with_suffix(".json"))["compat"] is True


def test_the_released_partition_is_that_of_the_stage(begin):
    """With compat the filters are shared out by the released routine, on the same graph."""
    nonn = begin(("base", {"compat": True, "num_students": 1, "deploy_ips": ["127.0.0.1"],
                           "deploy_ports": [9090]}))  # fmt: skip
    nonn.create_teacher()
    nonn.teacher.execute()

    graph = arrays.read_weights(Path("filter_activation_network/digits_teacher.safetensors"))
    params = PartitionParams(students=(1,), keep_percentile=90.0, compat=True)
    run = Run("nonn", "partition", 0, Checkpoint(None), Progress("partition"))
    (share,) = shares_of(np.asarray(graph["weights"]), params, run)
    assert jsonfile.read(CLUSTER)["quality"]["method"] == "released"
    assert jsonfile.read(CLUSTER)["filters"] == [
        sorted(number for number, _ in pairs) for pairs in share.students
    ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda nonn: nonn.teacher, "create_teacher"),
        (lambda nonn: nonn.student, "create_student"),
        (lambda nonn: nonn.create_student(), "create_teacher"),
        (lambda nonn: nonn.create_unified_student(), "no partition at .*cluster_digits_teacher"),
        (lambda nonn: nonn.create_teacher(model=VGG(11, 4)), "image_size=8, image_channels=1"),
        (lambda nonn: (nonn.create_teacher(), nonn.teacher.partition_model()), "no weights at"),
    ],
)
def test_what_is_called_too_early_or_does_not_fit(begin, call, said):
    """The message says what is missing and which call or setting makes it."""
    with pytest.raises(HarnessError, match=said):
        call(begin())


def test_a_pickle_of_the_release_is_not_read(begin):
    """Weights that the release has written are told of, and not opened."""
    path = Path("models/teacher/wrn404.pt7")
    nonn = begin(("base", {"teacher_model_path": str(path)}))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    nonn.create_teacher()

    with pytest.raises(HarnessError, match=r"wrn404\.safetensors; .*wrn404.pt7 is not read"):
        nonn.teacher.partition_model()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"teacher_filters": 64, "filters": [[1, 2], [2, 3]]}, "given twice"),
        ({"teacher_filters": 64, "filters": [[1, 2], [64]]}, "none of the teacher's 64"),
        ({"teacher_filters": 64, "filters": [[1]]}, "for 1 students"),
        ({"filters": [[1], [2]]}, "no partition"),
        ([], "no partition"),
    ],
)
def test_a_damaged_partition(begin, content, said):
    """A partition that no teacher can have left is refused with what is wrong with it."""
    nonn = begin()
    jsonfile.write(CLUSTER, content)

    with pytest.raises(HarnessError, match=said):
        nonn.create_unified_student()


@pytest.mark.parametrize(
    ("section", "fields", "said"),
    [
        ("dataset_configs", {"dataset_root": "dataset/pictures"}, "cifar10, cifar100, digits"),
        ("dataset_configs", {"dataset_root": "dataset/CIFAR10"}, "harness data adopt cifar10"),
        ("base", {"num_classes": 10}, "has 4 classes"),
    ],
)
def test_images_that_are_not_there(begin, section, fields, said):
    """A dataset that is unknown, may not be fetched, or has other classes is told."""
    with pytest.raises(HarnessError, match=said):
        begin((section, fields))


def test_a_full_disk_is_told(begin):
    """When the log cannot be written, the message names it and how to go on."""
    nonn = begin(("teacher", {"mode": "train"}))
    nonn.create_teacher()
    Path("train").write_text("a file where a folder should be")

    with pytest.raises(HarnessError, match=r"train/.*cannot be written(.|\n)*resume to true"):
        nonn.teacher.execute()


def test_deploying_students_are_not_trained(begin):
    """With mode deploy nothing is trained by mistake."""
    nonn = begin(("student", {"mode": "deploy"}))
    nonn.create_teacher()
    nonn.teacher.execute()
    nonn.create_student()

    with pytest.raises(HarnessError, match="set the mode to 'train'"):
        nonn.student.train_model()
