from __future__ import annotations

import json

import pytest
from dataset_samples import idx_sample, leftovers, write
from scene_samples import railsem19, railsem19_files, unpacked

from harness.cli.main import main

IDX, FILES = idx_sample()
pytestmark = pytest.mark.usefixtures("project")


def test_the_list_names_every_dataset_with_its_licence(capsys):
    """A line a dataset: whether it is here, its size, access, title and licence."""
    status = main(["data"])
    lines = capsys.readouterr().out.splitlines()

    assert status == 0
    assert [line.split()[0] for line in lines] == [
        "cifar10", "cifar100", "cityscapes", "cityscapes_tfrecord", "digit_scenes", "digits",
        "fashion_mnist", "four_digit_scenes", "railsem19",
    ]  # fmt: skip
    assert lines[5].split()[1:5] == ["here", "0.1", "MB", "embedded"]
    assert lines[7].split()[1:5] == ["here", "0.1", "MB", "embedded"]
    assert lines[6].endswith("(MIT)")
    assert "not here" in lines[6]
    assert lines[8].split()[1:5] == ["not", "here", "-", "manual"]


def test_the_list_as_json_has_the_same(capsys):
    """A script reads the fields by name."""
    status = main(["data", "--json"])
    entries = {entry["dataset"]: entry for entry in json.loads(capsys.readouterr().out)}

    assert status == 0
    assert entries["digits"]["here"] is True
    assert entries["cifar10"]["bytes"] == 170_052_171
    assert entries["cityscapes"]["bytes"] is None


def test_fetching_an_embedded_dataset_finds_it(capsys):
    """Digits need no network: the command prints where they are."""
    assert main(["data", "fetch", "digits"]) == 0
    assert capsys.readouterr().out.startswith("digits: ")


def test_json_may_stand_before_or_after_the_action(capsys):
    """Both places of the flag give JSON."""
    outputs = []
    for words in (["--json", "fetch", "digits"], ["fetch", "digits", "--json"]):
        assert main(["data", *words]) == 0
        outputs.append(json.loads(capsys.readouterr().out))

    assert list(outputs[0]) == ["digits.csv.gz"]
    assert outputs[0] == outputs[1]


def test_a_wrong_archive_is_refused_without_a_traceback(project, tmp_path, capsys):
    """A file of another content ends in status 1 and a message, and is not kept."""
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(b"not the archive")
    status = main(["data", "adopt", "cifar10", str(path)])

    assert status == 1
    assert f"{path}: 15 bytes instead of 170052171" in capsys.readouterr().err
    assert leftovers(project.state) == []


def test_adopting_what_ships_in_a_package_is_refused(capsys):
    """There is nothing to adopt for digits, and the message says what works."""
    assert main(["data", "adopt", "digits", "."]) == 1
    assert "harness data fetch digits" in capsys.readouterr().err


def test_an_unknown_dataset_is_refused(capsys):
    """A misspelt name ends in status 1 with the names that there are."""
    assert main(["data", "fetch", "digit"]) == 1
    assert "digits, fashion_mnist, four_digit_scenes, railsem19" in capsys.readouterr().err


def test_adopting_a_part_tells_what_is_still_missing(project, tmp_path, capsys):
    """A dataset of several archives can be adopted file by file."""
    (project.specs / "dataset" / "sample.yaml").write_text(json.dumps(IDX.model_dump(mode="json")))
    given = write(tmp_path, {"train-images.gz": FILES["train-images.gz"]})
    status = main(["data", "adopt", "sample", str(given / "train-images.gz"), "--json"])

    assert status == 0
    assert json.loads(capsys.readouterr().out) == {
        "adopted": ["train-images.gz"],
        "missing": ["train-labels.gz", "t10k-images.gz", "t10k-labels.gz"],
    }


def test_an_unpacked_folder_is_adopted_by_the_command(project, tmp_path, capsys):
    """The archives that were made of it are named, and the dataset is here."""
    sample, _ = railsem19()
    (project.specs / "dataset" / "railsem19.yaml").write_text(
        json.dumps(sample.model_dump(mode="json", exclude_defaults=True))
    )
    folder = unpacked(tmp_path / "given", railsem19_files())

    assert main(["data", "adopt", "railsem19", str(folder)]) == 0
    assert main(["data", "fetch", "railsem19"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "railsem19: adopted rs19_val.zip",
        f"railsem19: {project.downloads / 'railsem19' / 'rs19_val.zip'}",
    ]


def test_fetching_what_must_be_obtained_by_hand_says_how(capsys):
    """The page to get it from and the command to adopt it are named."""
    assert main(["data", "fetch", "cityscapes"]) == 1
    said = capsys.readouterr().err
    assert "leftImg8bit_trainvaltest.zip: missing" in said
    assert "https://www.cityscapes-dataset.com/downloads/" in said
    assert "harness data adopt cityscapes FOLDER" in said
