from __future__ import annotations

from pathlib import Path

import pytest
from dataset_samples import cifar_sample, dataset, idx_sample
from scene_samples import cityscapes, railsem19, tfrecord_sample

from harness.data import catalogue
from harness.errors import HarnessError

REPOSITORY = Path(__file__).parents[2]

SPECS = sorted((REPOSITORY / "specs" / "dataset").glob("*.yaml"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_dataset_of_the_project_is_valid(path):
    """A spec names itself as its file does, has its schema on line one and distinct classes."""
    found = catalogue.load(path)
    first = path.read_text().splitlines()[0]

    assert found.dataset == path.stem
    assert first == "# yaml-language-server: $schema=../schema/dataset.schema.json"
    assert len(set(found.classes)) == len(found.classes)


def entries(**changed):
    """Return the fields of a valid dataset with its first archive changed."""
    fields = idx_sample()[0].model_dump(mode="json", include={"source", "format"})
    fields["source"]["files"][0] |= changed
    return fields


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (entries(sha256=None), "give a 'sha256', or an 'md5'"),
        (entries(urls=[]), "needs 'urls' or 'debian', or access 'manual'"),
        (entries(name="train-labels.gz"), "a name of its own"),
        (entries(name="renamed.gz"), "'train-images.gz' is not the name of one of"),
        (entries(name="../up.gz"), "should match pattern"),
        (entries(urls=["file:///etc/passwd"]), "should match pattern"),
        (entries(content=None, debian={"package": "p", "path": "a"}), "'debian' needs 'content'"),
        (entries() | {"access": "embedded"}, "access 'embedded' goes with"),
        (entries() | {"format": {"kind": "digits-csv"}}, "'digits-csv' goes with"),
        (entries() | {"format": cifar_sample(1)[0].format}, "exactly one archive"),
        (entries() | {"records": {"train": 9, "test": 0}}, "'official' where"),
        (entries() | {"split": {"test": 0.5, "validation": 0.1, "seed": 0}}, "'official' where"),
        (entries() | {"split": {"test": 1.0, "validation": 0.1, "seed": 0}}, "less than 1"),
        (entries() | {"unknown": 1}, "Extra inputs"),
    ],
)
def test_a_dataset_that_contradicts_itself_is_refused(fields, reason):
    """Each rule between the fields has a message of its own."""
    with pytest.raises(ValueError, match=reason):
        dataset(**fields)


def changed(maker, **fields):
    """Return the fields of a dataset with masks, those given by the path of their keys changed."""
    made = maker()[0].model_dump(mode="json")
    for path, value in fields.items():
        *keys, last = path.split("__")
        node = made
        for key in keys:
            node = node[int(key) if key.isdigit() else key]
        node[last] = value
    return made


def scenes(**fields):
    """Return the fields of the project's composed scenes, some of them changed."""
    made = catalogue.load(REPOSITORY / "specs" / "dataset" / "digit_scenes.yaml")
    return changed(lambda: (made, {}), **fields)


FIRST = "source__files__0__"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (changed(cityscapes, labels={"kind": "class"}), "goes with labels of kind 'mask'"),
        (entries() | {"labels": {"kind": "mask"}}, "goes with labels of kind 'class'"),
        (changed(cityscapes, labels__ignore=2), "to ignore, 2, is one of the 3 classes"),
        (changed(cityscapes, labels__ids=[3]), "'ids' has 3: neither one of the 3 classes"),
        (changed(cityscapes, labels__ids=[]), "at least 1"),
        (changed(cityscapes, labels__ids=[256]), "less than or equal to 255"),
        (changed(cityscapes, format__test=None), "'format.test' is given where"),
        (changed(railsem19, format__test=cityscapes()[0].format.test), "is not the name|is given"),
        (changed(cityscapes, format__train__images__archive="x.zip"), "'x.zip' is not the name"),
        (changed(cityscapes, format__train__masks__ending=".jpg"), "masks are in PNG"),
        (changed(cityscapes, format__train__images__ending="*.png"), "should match pattern"),
        (changed(cityscapes, format__train__images__folder="../up"), "folder"),
        (changed(cityscapes, image__channels=2), "have 1, 3 or 4 channels"),
        (changed(cityscapes, image__maximum=16), "with a maximum of 255"),
        (changed(cityscapes, access="open"), "needs 'urls' or 'debian', or access 'manual'"),
        (changed(cityscapes, **{f"{FIRST}bytes": 5}), "give a 'sha256'"),
        (changed(cityscapes, **{f"{FIRST}md5": "0" * 32}), "'bytes' is missing"),
        (changed(cityscapes, **{f"{FIRST}urls": ["http://a/b"]}), "'bytes' is missing"),
        (changed(tfrecord_sample, format__test=["x.tfrecord"]), "'x.tfrecord' is not the name"),
        (changed(tfrecord_sample, format__test=[]), "'format.test' is given where"),
        (
            changed(tfrecord_sample, format__test=tfrecord_sample()[0].format.train),
            "a file is named twice",
        ),
        (entries(bytes=None, sha256=None, md5=None, urls=[], content=None), "or access 'manual'"),
        (
            entries(bytes=None, sha256=None, urls=[], content=None) | {"access": "manual"},
            "needs 'bytes' and 'sha256'",
        ),
        (scenes(format__digits=[3, 2]), "the fewest and the most"),
        (scenes(format__digits=[0, 2]), "the fewest and the most"),
        (scenes(format__scales=[0]), "whole factors from 1 to 64"),
        (scenes(format__scales=[9]), "a digit enlarged 9 times does not fit"),
        (scenes(format__train=0), "greater than or equal to 1"),
        (scenes(image__channels=1), "makes images of 3 channels"),
        (scenes(classes=["ground", "digit"]), "has 11 classes here"),
        (scenes(format__shown=[]), "at least 1"),
        (scenes(format__shown=[1, 1]), "'shown' has digits from 0 to 9, each once"),
        (scenes(format__shown=[1, 10]), "'shown' has digits from 0 to 9, each once"),
        (scenes(format__shown=[-1]), "'shown' has digits from 0 to 9, each once"),
        (
            scenes(format__shown=[3, 5]),
            "has 3 classes here: the ground and the digits of 'shown'",
        ),
        (scenes(source=cityscapes()[0].source), "access 'embedded' goes with"),
        (scenes(records={"train": 1, "test": 1}, split=cityscapes()[0].split), "'records.test' is"),
    ],
)
def test_a_dataset_with_masks_that_contradicts_itself_is_refused(fields, reason):
    """Each rule between the fields has a message of its own."""
    with pytest.raises(ValueError, match=reason):
        dataset(**fields)


def test_labels_are_classes_unless_the_spec_says_otherwise():
    """Specs of before there were masks keep their meaning, and their plans their bytes."""
    sample, _ = idx_sample()

    assert sample.labels.kind == "class"
    assert "labels" not in sample.model_dump(exclude_defaults=True)


def test_an_unknown_dataset_lists_the_known(project):
    """A misspelt name is answered with the names that there are."""
    with pytest.raises(HarnessError) as caught:
        catalogue.find(project, "mnist")

    assert caught.value.remedy == (
        "there are: cifar10, cifar100, cityscapes, cityscapes_tfrecord, digit_scenes, digits, "
        "fashion_mnist, four_digit_scenes, railsem19"
    )


@pytest.mark.parametrize("text", ["dataset: [", "dataset: broken\n", "- 1\n", "a: !!set {b}\n"])
def test_a_broken_spec_is_named(project, text):
    """What is no YAML, lacks fields or is no mapping gives a message with the file."""
    path = project.specs / "dataset" / "broken.yaml"
    path.write_text(text)
    with pytest.raises(HarnessError, match=r"broken\.yaml"):
        catalogue.find(project, "broken")
