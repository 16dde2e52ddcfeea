"""The published configuration file: every field, and all faults at once."""

import json

import pytest
from framework_samples import CONFIGS, changed, published, written

from harness.errors import HarnessError
from reproductions.nonn.framework.config import Base, Config, notes, read_config
from reproductions.nonn.framework.device import devices

# What stands in the line that a fault of this field is told with.
PLACES = {
    "dataset_configs.val_split": "val_split",
    "dataset_configs.download_val": "dataset_configs",
    "base.num_student": "num_student",
    "base.deploy_ports[1]": "0",
    "teacher.mode": "mode",
    "teacher.epochs": "epochs",
    "teacher.gpu_id": "gpu_id",
    "student.alpha": "student",
    "student.log_file": "log_file",
}


@pytest.mark.parametrize("path", sorted(CONFIGS.iterdir()), ids=lambda path: path.stem)
def test_examples_are_valid(path):
    """Every example configuration is read."""
    assert isinstance(read_config(path), Config)


def test_what_the_default_leaves_out_is_as_released():
    """The default configuration, which names no optimiser, trains as the other ones do."""
    config = read_config(CONFIGS / "default.config")
    teacher, student = config.training(config.teacher), config.training(config.student)

    assert (teacher.learning_rate, teacher.schedule.step) == (0.1, 10)
    assert (student.learning_rate, student.schedule.step) == (0.01, 20)
    for how in (teacher, student):
        assert (how.momentum, how.weight_decay, how.schedule.gamma) == (0.9, 5e-4, 0.2)
        assert (how.augment.pad, how.augment.flip) == (4, True)
    assert (config.teacher.depth, config.teacher.widen_factor) == (16, 4)
    assert (config.student.depth, config.student.widen_factor) == (16, 1)


def test_compat_is_the_released_loss(tmp_path):
    """With compat the loss is the released one, without it the corrected one."""
    corrected = read_config(CONFIGS / "digits.config")
    path = written(changed(published(), ("base", {"compat": True})), tmp_path)
    released = read_config(path)

    assert (corrected.knowledge().kl, released.knowledge().kl) == ("batchmean", "element_mean")
    assert corrected.transfer().normalisation == "per_student"
    assert released.transfer().normalisation == "joint"
    assert released.transfer().beta == 10_000


def test_all_faults_are_told_at_once(tmp_path):
    """Unknown, missing and wrong fields are told together, each with its line and what may be."""
    config = changed(
        published(),
        ("dataset_configs", {"val_split": 1.5, "download_val": None}),
        ("base", {"num_student": 3, "deploy_ports": [9090, 0]}),
        ("teacher", {"mode": "learn", "epochs": "200", "gpu_id": 0}),
        ("student", {"alpha": None, "log_file": "../log.csv"}),
    )
    path = written(config, tmp_path)
    with pytest.raises(HarnessError) as caught:
        read_config(path)

    lines = path.read_text().split("\n")
    found = {}
    for line in str(caught.value).split("\n")[:-2]:
        place, field, said = line.split(": ", 2)
        found[field] = said.partition("; allowed: ")[2]
        number = int(place.split(":")[1])
        assert PLACES[field] in lines[number - 1]
    assert found == {
        "dataset_configs.val_split": "a number, more than 0, less than 1",
        "dataset_configs.download_val": "true or false",
        "base.num_student": ", ".join(Base.model_fields),
        "base.deploy_ports[1]": "a whole number, at least 1, at most 65535",
        "teacher.mode": "'train', 'partition', 'train_and_partition'",
        "teacher.epochs": "a whole number, at least 1, at most 10000",
        "teacher.gpu_id": "text",
        "student.alpha": "a number, at least 0, at most 1",
        "student.log_file": "the name of a file, without a folder",
    }


@pytest.mark.parametrize(
    ("section", "fields", "said"),
    [
        ("student", {"split_index": -2}, "-1 is: a student is its network up to the linear layer"),
        ("teacher", {"optim_config": {"optimizer": "Adam", "lr": 0.1}}, "'SGD' is: another"),
        (
            "teacher",
            {"lr_scheduler": {"scheduler": "Cosine", "step_size": 1, "gamma": 1}},
            "'StepLR' is",
        ),
        ("teacher", {"loss": {"name": "MSE"}}, "CrossEntropy"),
        ("teacher", {"gpu_id": "0,1"}, "not the number of a GPU"),
        ("base", {"num_students": 3}, "name 2 and 2 devices for 3 students"),
        ("base", {"deploy_target": "tpu"}, "'llvm', 'rasp3b', 'cuda'"),
    ],
)  # fmt: skip
def test_what_is_not_honoured_is_refused(tmp_path, section, fields, said):
    """A value that would change nothing, or that nothing here can do, is refused by its name."""
    with pytest.raises(HarnessError, match=said):
        read_config(written(changed(published(), (section, fields)), tmp_path))


def test_compat_goes_with_no_corrected_loss(tmp_path):
    """The release cannot be asked for with a corrected part of its loss."""
    config = changed(
        published(), ("base", {"compat": True}), ("student", {"normalisation": "per_student"})
    )

    with pytest.raises(HarnessError, match="'compat' is the release"):
        read_config(written(config, tmp_path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read as JSON"),
        ('{"base": 1, "base": 2}', "'base' is given twice"),
        ("[]", "mapping"),
        ("dataset_configs: {}", "cannot be read as JSON"),
    ],
)
def test_what_is_no_configuration(tmp_path, text, said):
    """A file that is no JSON object is refused with a message, and YAML is none."""
    path = tmp_path / "my.config"
    path.write_text(text)

    with pytest.raises(HarnessError, match=said):
        read_config(path)


def test_a_file_that_is_not_there():
    """The message names the file and the folder of the examples."""
    with pytest.raises(HarnessError, match="configs/twrn_swrn"):
        read_config(CONFIGS.parent / "configs" / "twrn_swrn.config.missing")


def test_tabs_are_json_too(tmp_path):
    """A file that is indented by tabs is read, and its faults are told without lines."""
    path = tmp_path / "my.config"
    path.write_text(json.dumps(published(), indent="\t"))
    assert read_config(path) == read_config(CONFIGS / "digits.config")

    path.write_text(json.dumps(changed(published(), ("base", {"seed": -1})), indent="\t"))
    with pytest.raises(HarnessError, match=r"my.config: base.seed: -1 is too small"):
        read_config(path)


def test_fields_without_effect_are_told():
    """What the published files hold and the method has no use for is told, and nothing else."""
    assert [note.split(":")[0] for note in notes(read_config(CONFIGS / "twrn_svgg.config"))] == [
        "dataset_configs.num_workers",
        "teacher.filter_activation_network.top_k_partition",
    ]
    assert list(notes(read_config(CONFIGS / "digits.config"))) == []


@pytest.mark.parametrize(
    ("gpu_id", "parallel", "gpus", "names", "lacking"),
    [
        ("0", False, 0, ("cpu",), "teacher.gpu_id '0'"),
        ("3", True, 0, ("cpu",), "and teacher.parallel"),
        ("1", False, 2, ("cuda:1",), ""),
        ("0", True, 1, ("cuda:0",), "one GPU only"),
        ("1", True, 3, ("cuda:1", "cuda:0", "cuda:2"), ""),
    ],
)
def test_devices_are_those_asked_for_or_the_lack_is_told(gpu_id, parallel, gpus, names, lacking):
    """The devices follow from gpu_id, parallel and the GPUs there are."""
    found = devices(gpu_id, parallel=parallel, where="teacher", gpus=gpus)

    assert found.names == names
    assert lacking in found.lacking
    assert bool(found.lacking) == bool(lacking)


def test_a_gpu_that_is_not_among_those_there_are():
    """A GPU beyond the machine's is refused, not replaced by another one."""
    with pytest.raises(HarnessError, match="gpu_id '2': the machine has 2"):
        devices("2", parallel=False, where="student", gpus=2)
