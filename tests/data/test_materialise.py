from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import idx_sample, write

from harness.data import catalogue
from harness.data.adopt import adopt
from harness.data.params import DatasetParams, Limit
from harness.data.step import materialise
from harness.errors import HarnessError
from harness.formats import arrays
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run


def run(params: DatasetParams, staging: Path) -> Path:
    """Run the step and return the folder that it wrote."""
    outputs = Outputs({"images": "arrays"}, staging, {"images": "images"})
    context = Run("sample", "images", 0, Checkpoint(None), Progress("images"))
    materialise(Inputs({}), params, outputs, context)
    return staging / "images" / "images"


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file in `folder`."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def digits(project):
    """Give the parameters of the embedded dataset, as the compiler completes them."""
    return DatasetParams(dataset="digits", spec=catalogue.find(project, "digits"))


def test_digits_materialise_to_the_same_bytes_twice(digits, tmp_path):
    """Two runs write equal files, whose digests are those that the spec records."""
    first = contents(run(digits, tmp_path / "one"))
    second = contents(run(digits, tmp_path / "two"))
    found = {
        name.removesuffix(".npy"): hashlib.sha256(content).hexdigest()
        for name, content in first.items()
        if name.endswith(".npy")
    }

    assert first == second
    assert found == digits.spec.arrays


def test_digits_are_those_of_scikit_learn(digits, tmp_path):
    """Every image of scikit-learn's loader is in one part, under its label."""
    datasets = pytest.importorskip("sklearn.datasets")
    values = arrays.read_folder(run(digits, tmp_path))
    parts = ("train", "validation", "test")
    images = np.concatenate([values[f"{part}_images"] for part in parts])
    labels = np.concatenate([values[f"{part}_labels"] for part in parts])
    expected = datasets.load_digits()

    def rows(pictures, classes):
        return sorted(
            (*map(int, picture.ravel()), int(label))
            for picture, label in zip(pictures, classes, strict=True)
        )

    assert rows(images, labels) == rows(expected.images, expected.target)


def test_the_manifest_says_what_the_arrays_are(digits, tmp_path):
    """A stage that reads the arrays finds their scale, classes, split and licence beside them."""
    folder = run(digits, tmp_path)
    about, values = arrays.about(folder), arrays.read_folder(folder)
    scaled = np.array(values["train_images"], dtype=np.float64) / about["maximum"]

    assert about["dataset"] == "digits"
    assert about["licence"] == "CC-BY-4.0"
    assert about["classes"] == len(about["class_names"]) == 10
    assert about["sizes"] == {"train": 1294, "validation": 144, "test": 359}
    assert about["split"]["seed"] == 0
    assert set(about["split"]["indices"]) == {"train", "validation", "test"}
    assert about["mean"] == [round(scaled.mean(), 6)]
    assert about["std"] == [round(scaled.std(), 6)]


def test_a_limit_keeps_a_part_of_each_part(digits, tmp_path):
    """A limited dataset holds so many images, all of them of the same part in full."""
    whole = arrays.read_folder(run(digits, tmp_path / "whole"))
    limited = digits.model_copy(update={"limit": Limit(train=100, test=50)})
    folder = run(limited, tmp_path / "limited")
    values = arrays.read_folder(folder)

    assert values["train_images"].shape == (100, 8, 8, 1)
    assert len(values["validation_labels"]) == len(whole["validation_labels"])
    assert len(values["test_images"]) == 50
    kept = {image.tobytes() for image in values["train_images"]}
    assert kept <= {image.tobytes() for image in whole["train_images"]}
    assert arrays.about(folder)["limit"] == {"train": 100, "validation": None, "test": 50}


def test_an_adopted_dataset_needs_no_network(project, tmp_path):
    """Archives in the project's downloads are all that the step reads."""
    sample, files = idx_sample()
    adopt(sample, project.downloads, write(tmp_path / "given", files))
    folder = run(DatasetParams(dataset="sample", spec=sample), tmp_path)

    assert arrays.about(folder)["sizes"] == {"train": 9, "validation": 3, "test": 6}


def test_arrays_that_the_spec_does_not_record_are_not_written(digits, tmp_path):
    """A changed seed gives other arrays: the step says which, and writes nothing."""
    split = digits.spec.split.model_copy(update={"seed": 1})
    changed = digits.spec.model_copy(update={"split": split})
    with pytest.raises(HarnessError, match=r"digits: .*not those that the spec records") as caught:
        run(DatasetParams(dataset="digits", spec=changed), tmp_path / "out")

    assert "train_images: sha256" in caught.value.message
    assert not (tmp_path / "out").exists()


def test_files_that_the_spec_does_not_describe_come_with_a_way_out(digits, project, tmp_path):
    """What a reader found is followed by the spec to correct, or other archives to adopt."""
    sample, files = idx_sample()
    adopt(sample, project.downloads, write(tmp_path / "given", files))
    more = sample.records.model_copy(update={"train": sample.records.train + 1})
    other = ", or adopt other archives: harness data adopt sample PATH"
    for spec, remedy in (
        (sample.model_copy(update={"records": more}), f"correct specs/dataset/sample.yaml{other}"),
        (digits.spec.model_copy(update={"classes": ("0",)}), "correct specs/dataset/digits.yaml"),
    ):
        with pytest.raises(HarnessError) as caught:
            run(DatasetParams(dataset=spec.dataset, spec=spec), tmp_path / "out")

        assert caught.value.remedy == remedy


def test_a_plan_without_the_spec_names_the_way_out(tmp_path):
    """A stage that was not compiled says so."""
    with pytest.raises(HarnessError, match="lacks the spec") as caught:
        run(DatasetParams(dataset="digits"), tmp_path)

    assert caught.value.remedy == "run: harness compile"


def test_parameters_survive_a_plan(digits):
    """What the compiler writes as JSON is read back as the same parameters."""
    text = json.dumps(digits.model_dump(mode="json"))

    assert DatasetParams.model_validate_json(text) == digits


def test_the_spec_of_another_dataset_is_refused(digits):
    """A plan cannot name one dataset and carry another."""
    plan = digits.model_dump(mode="json") | {"dataset": "cifar10"}
    with pytest.raises(ValueError, match="of another dataset"):
        DatasetParams.model_validate_json(json.dumps(plan))
