from __future__ import annotations

from pathlib import Path

import pytest
from dataset_samples import cifar_sample, dataset, idx_sample

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


def test_an_unknown_dataset_lists_the_known(project):
    """A misspelt name is answered with the names that there are."""
    with pytest.raises(HarnessError) as caught:
        catalogue.find(project, "mnist")

    assert caught.value.remedy == "there are: cifar10, cifar100, digits, fashion_mnist"


@pytest.mark.parametrize("text", ["dataset: [", "dataset: broken\n", "- 1\n", "a: !!set {b}\n"])
def test_a_broken_spec_is_named(project, text):
    """What is no YAML, lacks fields or is no mapping gives a message with the file."""
    path = project.specs / "dataset" / "broken.yaml"
    path.write_text(text)
    with pytest.raises(HarnessError, match=r"broken\.yaml"):
        catalogue.find(project, "broken")
