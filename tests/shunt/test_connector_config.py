"""The published configuration: every key, all faults at once, and files that run as they are."""

import re
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.spec.files import SpecFiles
from reproductions.shunt.connector import agreement, sections
from reproductions.shunt.connector.config import SECTIONS, Config, keys, read_config
from reproductions.shunt.connector.locations import Layers
from reproductions.shunt.connector.writing import SMALL, create_config, text
from reproductions.shunt.params.window import Window

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "reproductions" / "shunt" / "connector" / "configs").iterdir())

# Every key of the release: its section, and the default that the release writes; but for
# input_size (32,32, which fits one dataset) and change_stride_layers (missing, and then fatal).
PUBLISHED = {
    "GENERAL": {
        "task": "", "train_original_model": "False", "test_original_model": "False",
        "calc_knowledge_quotients": "False", "train_shunt_model": "False",
        "test_shunt_model": "False", "test_shunt_inserted_model": "False",
        "train_final_model": "False", "test_final_model": "False", "test_latency": "False",
        "test_fine-tune_strategies": "False",
    },
    "DATASET": {"name": "CIFAR10", "path": "", "input_size": "", "test_batchsize": "1"},
    "MODEL": {
        "type": "DeeplabV3_MobileNetV3Small", "depth_factor": "1.0", "from_file": "False",
        "filepath": "", "pretrained": "False", "weightspath": "", "change_stride_layers": "0",
        "output_stride": "32",
    },
    "SHUNT": {
        "locations": "64,157", "arch": "1", "from_file": "False", "filepath": "",
        "pretrained": "False", "weightspath": "",
    },
    "FINAL_MODEL": {
        "test_after_shunt_insertion": "False", "pretrained": "False", "weightspath": "",
    },
    "TRAINING_ORIGINAL_MODEL": {
        "learning_policy": "poly", "batchsize": "24", "max_epochs": "700",
        "base_learning_rate": "0.05", "epochs_param": "4", "learning_rate_param": "0.9",
    },
    "TRAINING_SHUNT_MODEL": {
        "learning_policy": "plateau", "batchsize": "24", "max_epochs": "120",
        "base_learning_rate": "0.1", "epochs_param": "4", "learning_rate_param": "0.1",
        "full_attention_transfer_factor": "1.0", "use_categorical_crossentropy": "False",
    },
    "TRAINING_FINAL_MODEL": {
        "learning_policy": "poly", "freezing": "nothing", "batchsize": "24",
        "max_epochs": "300", "base_learning_rate": "0.01", "epochs_param": "4",
        "learning_rate_param": "0.9",
    },
    "TEST_LATENCY": {"iterations": "3", "number_of_samples": "30", "batchsize": "1"},
}  # fmt: skip
OURS = {
    "GENERAL": {"seed", "compat"},
    "MODEL": {"pool_size", "pool_strides", "momentum"},
    "SHUNT": {"width"},
}


def written(values):
    """Return sections and values as the text of a file."""
    return "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in section.items())
        for name, section in values.items()
    )


def said(values):
    """Return what is said of each field of a configuration that is refused."""
    with pytest.raises(HarnessError) as caught:
        read_config(written(values) + "\n")
    found = {}
    for line in caught.value.message.split("\n")[:-1]:
        _, field, message = line.split(": ", 2)
        found[field] = message
    return found


@pytest.mark.parametrize("section", PUBLISHED)
def test_every_published_key_is_known(section):
    """Each section has the release's keys, and beyond them those that are ours."""
    assert keys(SECTIONS[section]).keys() == PUBLISHED[section].keys() | OURS.get(section, set())


@pytest.mark.parametrize("section", PUBLISHED)
def test_defaults_are_the_published_ones(section):
    """A section without keys is the same as one with the values that the release writes."""
    model = {"DATASET": {"name": "cityscapes"}, "MODEL": {}} if section == "MODEL" else {}

    assert read_config(written({**model, section: {}}) + "\n") == read_config(
        written({**model, section: PUBLISHED[section]})
    )


def test_a_section_that_is_not_there_is_none():
    """Without a section nothing is made up for it."""
    assert read_config("[TEST_LATENCY]\n\n") == Config(test_latency=sections.TestLatency())


@pytest.mark.parametrize(
    ("word", "value"),
    [("True", True), ("yes", True), ("ON", True), ("1", True),
     ("False", False), ("no", False), ("off", False), ("0", False)],
)  # fmt: skip
def test_switches_are_written_as_the_release_reads_them(word, value):
    """All words for yes and no that the release takes are taken, whatever their case."""
    assert read_config(f"[GENERAL]\ntrain_shunt_model={word}\n[TRAINING_SHUNT_MODEL]\n") == Config(
        general=sections.General(train_shunt_model=value),
        training_shunt_model=sections.TrainingShuntModel(),
    )


def test_the_key_that_the_release_looks_for_is_the_one_that_it_writes():
    """`from file`, which its parser reads, and `from_file`, which its files have, are one key."""
    config = read_config("[SHUNT]\nfrom file = True\nfilepath = my.keras\n")

    assert config.shunt.from_file
    assert said({"SHUNT": {"from file": "True", "from_file": "True", "filepath": "a"}}) == {
        "SHUNT.from_file": "'from_file' is given twice"
    }


def test_all_faults_are_told_at_once(tmp_path):
    """Form, names, values and contradictions are told together, each where it stands."""
    path = tmp_path / "my.cfg"
    path.write_text(
        "[GENERALS]\n"
        "[GENERAL]\n"
        "train_original = True\n"
        "train_final_model = maybe\n"
        "[DATASET]\n"
        "name = CIFAR-10\n"
        "test_batchsize = 0\n"
        "[SHUNT]\n"
        "locations = 7-12; 12\n"
        "arch = 6\n"
        "use_se = True\n"
        "[TRAINING_ORIGINAL_MODEL]\n"
        "learning_policy = plateau\n"
        "learning_rate_param = 2\n"
        "[TEST_LATENCY]\n"
        "iterations = 1.5\n"
    )
    with pytest.raises(HarnessError) as caught:
        read_config(path)
    lines = caught.value.message.split("\n")

    assert lines[-1] == "10 problems in 1 file"
    assert caught.value.remedy == "correct the file; docs/shunt.md lists every key"
    found = {}
    for line in lines[:-1]:
        place, field, message = line.removeprefix(str(path)).split(": ", 2)
        found[field] = (*map(int, place.split(":")[1:]), message.partition("; allowed: ")[2])
    assert found == {
        "GENERALS": (1, 1, ", ".join(SECTIONS)),
        "GENERAL.train_original": (3, 1, ", ".join(keys(sections.General))),
        "GENERAL.train_final_model": (4, 21, "true or false"),
        "DATASET.name": (6, 8, ", ".join(f"'{name}'" for name in agreement.DATASETS)),
        "DATASET.test_batchsize": (7, 18, "a whole number, at least 1, at most 65536"),
        "SHUNT.locations": (9, 13, ""),
        "SHUNT.arch": (10, 8, "1, 4, 5"),
        "SHUNT.use_se": (11, 1, ", ".join(keys(sections.Shunt))),
        "TRAINING_ORIGINAL_MODEL.learning_rate_param": (14, 23, "a number, less than 1"),
        "TEST_LATENCY.iterations": (16, 14, "a whole number, at least 1, at most 10000"),
    }


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"GENERAL": {"test_fine-tune_strategies": "True"}},
         "GENERAL.test_fine-tune_strategies", "no such step"),
        ({"TRAINING_SHUNT_MODEL": {"full_attention_transfer_factor": "0.5"}},
         "TRAINING_SHUNT_MODEL.full_attention_transfer_factor", "0.5 cannot be honoured, 1.0 can"),
        ({"TRAINING_SHUNT_MODEL": {"use_categorical_crossentropy": "True"}},
         "TRAINING_SHUNT_MODEL.use_categorical_crossentropy", "train the final model"),
        ({"GENERAL": {"task": "segmentation"}, "DATASET": {}},
         "GENERAL.task", "not the task of dataset CIFAR10; allowed: 'classification'"),
        ({"DATASET": {"input_size": "64,64"}},
         "DATASET.input_size", "allowed: '32,32' or nothing"),
        ({"DATASET": {"input_size": "64"}}, "DATASET.input_size", "no height and width"),
        ({"DATASET": {}, "MODEL": {}}, "MODEL.type", "no network for classification"),
        ({"DATASET": {"name": "cityscapes"}, "MODEL": {"type": "MobileNetV2"}},
         "MODEL.type", "no network for segmentation"),
        ({"MODEL": {"change_stride_layers": "2"}}, "MODEL.change_stride_layers", "allowed: 0"),
        ({"MODEL": {"type": "MobileNetV2", "output_stride": "16"}},
         "MODEL.output_stride", "it has change_stride_layers"),
        ({"MODEL": {"type": "MobileNetV2", "pool_size": "3,3"}}, "MODEL.pool_size", "no such pool"),
        ({"MODEL": {"pretrained": "imagenet"}}, "MODEL.pretrained", "name a file in weightspath"),
        ({"MODEL": {"type": "MobileNetV2", "pretrained": "cityscapes", "weightspath": "a"}},
         "MODEL.pretrained", "not of 'MobileNetV2'"),
        ({"MODEL": {"pretrained": "cityscapes"}}, "MODEL.weightspath", "pretrained says"),
        ({"MODEL": {"from_file": "True"}}, "MODEL.filepath", "from_file says"),
        ({"SHUNT": {"from_file": "True"}}, "SHUNT.filepath", "from_file says"),
        ({"SHUNT": {"pretrained": "True"}}, "SHUNT.weightspath", "pretrained says"),
        ({"FINAL_MODEL": {"pretrained": "True"}}, "FINAL_MODEL.weightspath", "pretrained says"),
        ({"SHUNT": {"locations": "7-12; 14-15", "arch": "1; 4; 5"}},
         "SHUNT.arch", "names 3 shunts for 2 windows"),
        ({"SHUNT": {"locations": "1-2; 4", "from_file": "True", "filepath": "a.keras"}},
         "SHUNT.from_file", "call set_shunt_model with a list"),
        ({"TRAINING_FINAL_MODEL": {"learning_policy": "two_cycles", "epochs_param": "300"}},
         "TRAINING_FINAL_MODEL.epochs_param", "300 leaves no second cycle of 300 epochs"),
        ({"TEST_LATENCY": {"iterations": "2", "number_of_samples": "1"}},
         "TEST_LATENCY.number_of_samples", "less than 3 calls"),
        ({"DATASET": {}, "DISTILLATION": {"kind": "ace"}},
         "DISTILLATION.kind", "have one class each; allowed: all but 'ace'"),
        ({"DISTILLATION": {"strength": "much"}}, "DISTILLATION.strength", "no strength such as"),
        ({"GENERAL": {"train_final_model": "True"}},
         "GENERAL.train_final_model", "there is no section [TRAINING_FINAL_MODEL]"),
        ({"GENERAL": {"test_latency": "True"}},
         "GENERAL.test_latency", "there is no section [TEST_LATENCY]"),
        ({"GENERAL": {"calc_knowledge_quotient": "True"}},
         "GENERAL.calc_knowledge_quotient", "did you mean 'calc_knowledge_quotients'?"),
        ({"DATASET": {"name": "imagenet"}}, "DATASET.name", "allowed: 'CIFAR10', 'CIFAR100'"),
        ({"MODEL": {"depth_factor": "inf"}}, "MODEL.depth_factor", "'inf' is not a number"),
    ],
)  # fmt: skip
def test_what_is_not_honoured_is_refused(values, field, message):
    """A value that would change nothing, or contradicts another one, is refused by its key."""
    found = said(values)

    assert list(found) == [field]
    assert message in found[field]


@pytest.mark.parametrize(
    ("locations", "where"),
    [
        ("7-12", (Window(first=7, last=12),)),
        (" 14-15 ;7-12", (Window(first=7, last=12), Window(first=14, last=15))),
        ("3", (Window(first=3, last=3),)),
        ("64,157", Layers(64, 157)),
        ("64 , 157", Layers(64, 157)),
    ],
)
def test_locations(locations, where):
    """Windows of blocks, and the release's pair of layer indices, are told apart."""
    assert read_config({"SHUNT": {"locations": locations}}).shunt.where == where


@pytest.mark.parametrize(
    ("locations", "message"),
    [
        ("12-7", "'12-7' ends before it begins"),
        ("157,64", "157,64 ends before it begins"),
        ("", "'' is no window; allowed: blocks such as 7-12"),
        ("64,157,3", "is no window"),
        ("1-4; 4-5", "the windows 1-4 and 4-5 share block 4"),
    ],
)
def test_locations_that_are_none(locations, message):
    """What is no window, ends before it begins or overlaps is refused with the forms that work."""
    assert message in said({"SHUNT": {"locations": locations}})["SHUNT.locations"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_examples_are_valid_and_begin_with_what_they_are(path):
    """Every example configuration is read, and its first line says how to run it."""
    assert read_config(path).general is not None
    assert path.read_text().startswith("# ")
    assert "ShuntConnector" in path.read_text().partition("\n\n")[0]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_what_is_written_is_read_again(path):
    """A configuration that is written, with comments or without, is the same when it is read."""
    config = read_config(path)

    assert read_config(text(config)) == config
    assert read_config(text(config, comments=True)) == config


def test_create_config_writes_the_example_with_every_section_and_key(tmp_path):
    """The file is the example for the digits, has every key, and overwrites nothing."""
    path = create_config(tmp_path / "new" / "my.cfg")

    assert path.read_text() == CONFIGS[[one.stem for one in CONFIGS].index("digits")].read_text()
    assert read_config(path) == SMALL
    for name, model in SECTIONS.items():
        part = path.read_text().partition(f"[{name}]\n")[2].partition("\n[")[0]
        assert re.findall(r"^([a-z_-]+) =", part, re.MULTILINE) == list(keys(model))
    with pytest.raises(HarnessError, match="is there already"):
        create_config(path)


def test_a_folder_that_cannot_be_written(tmp_path):
    """A path below a file is refused with the reason."""
    (tmp_path / "file").write_text("")

    with pytest.raises(HarnessError, match="cannot be written"):
        create_config(tmp_path / "file" / "my.cfg")


def test_what_is_known_of_a_dataset_is_what_its_spec_says():
    """Size and name of each dataset of one size are those of the harness's spec."""
    specs = SpecFiles.read(ROOT / "specs").datasets()

    for known in agreement.DATASETS.values():
        if known.size is not None:
            image = specs[known.spec].image
            assert known.size == (image.height, image.width)


def test_standard_is_the_counterpart_of_the_shipped_file():
    """It trains MobileNetV3 small on CIFAR-10 as the release's file does, at the right window."""
    config = read_config(CONFIGS[[one.stem for one in CONFIGS].index("standard")])

    assert (config.dataset.name, config.dataset.test_batchsize) == ("CIFAR10", 64)
    assert (config.model.type, config.model.change_stride_layers) == ("MobileNetV3Small", 2)
    assert config.shunt.where == (Window(first=5, last=10),)
    assert {how.max_epochs for how in trainings(config)} == {2}
    assert {how.batchsize for how in trainings(config)} == {64}


def trainings(config):
    """Return the three trainings of a configuration."""
    return (
        config.training_original_model,
        config.training_shunt_model,
        config.training_final_model,
    )
