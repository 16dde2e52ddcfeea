"""Datasets with masks, read from stand-ins of exactly the real layouts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dataset_samples import write
from scene_samples import (
    TOWNS,
    cityscapes,
    cityscapes_files,
    example,
    framed,
    jpeg,
    mask,
    photo,
    png,
    railsem19,
    railsem19_files,
    record,
    stored,
    tfrecord,
    tfrecord_sample,
    unpacked,
    zipped,
)

from harness.data import catalogue, segmentation
from harness.data.adopt import adopt
from harness.data.params import DatasetParams, Limit, Size
from harness.data.picture import decode_image
from harness.data.resizing import smaller_image, smaller_mask
from harness.data.step import materialise
from harness.errors import HarnessError
from harness.formats import arrays
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run

PHOTOS, TRUTH = cityscapes_files().values()
VAL = "val/lindau/lindau_000005_000019"


def read(sample, folder, files, size=None):
    """Return the arrays of a dataset whose files are written into `folder`."""
    write(folder, files)
    with segmentation.divided(sample, {name: folder / name for name in files}) as division:
        return segmentation.arrays(division, sample, size)[0]


def run(project, sample, files, tmp_path, **params):
    """Adopt the files, run the step and return the folder of arrays that it wrote."""
    adopt(sample, project.downloads, write(tmp_path / "given", files))
    outputs = Outputs({"images": "arrays"}, tmp_path / "out", {"images": "images"})
    context = Run("sample", "images", 0, Checkpoint(None), Progress("images"))
    settings = DatasetParams(dataset=sample.dataset, spec=sample, **params)
    materialise(Inputs({}), settings, outputs, context)
    return tmp_path / "out" / "images" / "images"


def check_parts(values, test, others):
    """Compare the test part with the pictures `test`, the other two with `others`, as sets."""
    np.testing.assert_array_equal(values["test_images"], np.stack([photo(i) for i in test]))
    np.testing.assert_array_equal(values["test_labels"], np.stack([mask(i) for i in test]))
    found = {
        (image.tobytes(), labels.tobytes())
        for part in ("train", "validation")
        for image, labels in zip(values[f"{part}_images"], values[f"{part}_labels"], strict=True)
    }
    assert found == {(photo(i).tobytes(), mask(i).tobytes()) for i in others}
    assert len(found) == len(values["train_labels"]) + len(values["validation_labels"])


def test_cityscapes_is_read_as_it_was_written(tmp_path):
    """Val is the test part, validation is drawn from train, and ids become labels."""
    sample, files = cityscapes()
    values = read(sample, tmp_path, files)

    check_parts(values, test=[5, 6], others=range(5))
    assert len(values["validation_labels"]) == 2
    assert values["train_images"].dtype == values["train_labels"].dtype == np.uint8


def test_tfrecords_and_zip_files_of_the_same_set_give_the_same_arrays(tmp_path):
    """The two forms in which people have Cityscapes are one dataset, record by record."""
    (zips, archives), (records, files) = cityscapes(), tfrecord_sample()
    one, other = read(zips, tmp_path / "a", archives), read(records, tmp_path / "b", files)

    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_what_tensorflow_wrote_is_read_as_a_dataset(tmp_path):
    """A file of TensorFlow's own writer, as the only one of a set without a test part."""
    name = "written_by_tensorflow.tfrecord"
    sample, _ = tfrecord_sample(
        records={"train": 3, "test": 0},
        source={"kind": "archives", "files": [{"name": name}]},
        format={"kind": "tfrecord", "train": [name]},
        split={"test": 0.34, "validation": 0.5, "seed": 1},
    )
    values = read(sample, tmp_path, {name: Path(__file__).with_name(name).read_bytes()})
    found = {
        image.tobytes(): labels.tobytes()
        for part in ("train", "validation", "test")
        for image, labels in zip(values[f"{part}_images"], values[f"{part}_labels"], strict=True)
    }

    assert found == {photo(i).tobytes(): mask(i).tobytes() for i in range(3)}


def test_railsem19_is_read_as_it_was_written(tmp_path):
    """JPEG images with PNG masks, no official split: three parts by seed, ten scenes in all."""
    sample, files = railsem19()
    values = read(sample, tmp_path, files)
    images = np.concatenate([values[f"{part}_images"] for part in ("train", "validation", "test")])
    known = {decode_image("x", jpeg(photo(i)), sample.image).tobytes() for i in range(10)}

    assert {image.tobytes() for image in images} == known
    assert [len(values[f"{part}_labels"]) for part in ("train", "validation", "test")] == [6, 2, 2]


@pytest.mark.parametrize("name", ["cityscapes", "cityscapes_tfrecord", "railsem19"])
def test_the_specs_of_the_project_differ_from_the_stand_ins_in_size_alone(project, name):
    """Folders, endings, labels to ignore and the kind of source are those of the real sets."""
    makers = {"cityscapes": cityscapes, "cityscapes_tfrecord": tfrecord_sample}
    real, small = catalogue.find(project, name), makers.get(name, railsem19)()[0]

    assert real.access == small.access == "manual"
    assert real.labels.ignore == small.labels.ignore == 255
    assert len(real.classes) == 19
    assert (real.labels.ids is None) == (small.labels.ids is None)
    assert not any(archive.known for archive in real.archives)
    if name == "cityscapes_tfrecord":
        assert len(real.format.train) == len(real.format.test) == 10
        assert real.format.train[0] == "train_fine-00000-of-00010.tfrecord"
    else:
        assert real.format == small.format


def test_the_real_cityscapes_maps_ids_to_classes_as_published(project):
    """The publisher's ids of some classes, and that all others count for nothing."""
    real = catalogue.find(project, "cityscapes")
    found = {
        real.classes[label]: value for value, label in enumerate(real.labels.ids) if label != 255
    }

    assert len(real.labels.ids) == 34
    assert list(found) == list(real.classes)
    assert {key: found[key] for key in ("road", "sidewalk", "sky", "person", "bicycle")} == {
        "road": 7, "sidewalk": 8, "sky": 23, "person": 24, "bicycle": 33,
    }  # fmt: skip
    assert (real.records.train, real.records.test) == (2975, 500)
    assert real.image.shape == (1024, 2048, 3)


def test_the_manifest_says_what_the_masks_are(project, tmp_path):
    """Task, label to ignore, pixels of each class in each part and what was read are told."""
    folder = run(project, *cityscapes(), tmp_path)
    about, values = arrays.about(folder), arrays.read_folder(folder)
    pixels = {
        part: [int((values[f"{part}_labels"] == label).sum()) for label in (0, 1, 2, 255)]
        for part in ("train", "validation", "test")
    }

    assert about["task"] == "segmentation"
    assert (about["classes"], about["class_names"], about["ignore"]) == (3, ["a", "b", "c"], 255)
    assert {
        part: [*told["classes"], told["ignored"]] for part, told in about["pixels"].items()
    } == pixels
    assert about["sizes"] == {"train": 3, "validation": 2, "test": 2}
    assert about["mean"] == [
        round(float(values["train_images"][..., i].mean()) / 255, 6) for i in range(3)
    ]
    assert set(about["sources"]) == {"train_files", "validation_files", "test_files"}
    assert about["resize"] is None


def test_a_set_with_one_class_an_image_says_nothing_of_masks(project, tmp_path):
    """The manifests of older datasets keep their bytes."""
    digits = catalogue.find(project, "digits")
    outputs = Outputs({"images": "arrays"}, tmp_path, {"images": "images"})
    context = Run("sample", "images", 0, Checkpoint(None), Progress("images"))
    materialise(Inputs({}), DatasetParams(dataset="digits", spec=digits), outputs, context)

    assert list(arrays.about(tmp_path / "images" / "images")) == sorted([
        "dataset", "title", "licence", "homepage", "classes", "class_names", "maximum", "mean",
        "std", "sizes", "split", "limit", "sources",
    ])  # fmt: skip


def test_what_was_read_is_recorded_whoever_packed_it(project, tmp_path):
    """Deflated and stored archives give equal manifests; another picture gives another one."""
    sample, files = cityscapes()
    again = {name: zipped(members, 8) for name, members in cityscapes_files().items()}
    changed = PHOTOS | {f"leftImg8bit/{VAL}_leftImg8bit.png": png(photo(9))}
    other = files | {"leftImg8bit_trainvaltest.zip": zipped(changed)}
    one, two, three = (
        arrays.about(run(project, sample, given, tmp_path / str(number)))["sources"]
        for number, given in enumerate((files, again, other))
    )

    assert one == two
    assert one["train_files"] == three["train_files"]
    assert one["test_files"] != three["test_files"]


def test_a_limit_decodes_only_what_it_keeps(project, tmp_path):
    """A picture that no part needs may be damaged: it is never looked at."""
    sample, _ = cityscapes()
    whole = arrays.read_folder(run(project, *cityscapes(), tmp_path / "whole"))
    limit = Limit(train=1, validation=1, test=1)
    kept = arrays.read_folder(run(project, *cityscapes(), tmp_path / "kept", limit=limit))
    used = {image.tobytes() for part in ("train", "validation") for image in kept[f"{part}_images"]}
    broken = PHOTOS | {
        f"leftImg8bit/train/{town}/{town}_00000{number}_000019_leftImg8bit.png": b"damaged"
        for town, number in TOWNS["train"]
        if photo(number).tobytes() not in used
    }
    files = cityscapes()[1] | {"leftImg8bit_trainvaltest.zip": zipped(broken)}
    folder = run(project, sample, files, tmp_path / "limited", limit=limit)
    values = arrays.read_folder(folder)

    for name, found in values.items():
        np.testing.assert_array_equal(found, kept[name])
        assert {row.tobytes() for row in found} <= {row.tobytes() for row in whole[name]}
    assert arrays.about(folder)["sizes"] == {"train": 1, "validation": 1, "test": 1}


def test_images_are_made_smaller_as_they_are_read(project, tmp_path):
    """Images by area, masks by their centres, and the manifest tells the size."""
    size = Size(height=8, width=9)
    folder = run(project, *cityscapes(), tmp_path, resize=size)
    values = arrays.read_folder(folder)

    for row, number in enumerate((5, 6)):
        expected = smaller_image(photo(number), 8, 9), smaller_mask(mask(number), 8, 9)
        np.testing.assert_array_equal(values["test_images"][row], expected[0])
        np.testing.assert_array_equal(values["test_labels"][row], expected[1])
    assert arrays.about(folder)["resize"] == {"height": 8, "width": 9}


@pytest.mark.parametrize(
    ("size", "reason"),
    [({"height": 25, "width": 36}, "smaller than 24 x 36"), ({"height": 0, "width": 1}, "than")],
)
def test_images_are_not_made_larger(size, reason):
    """A size beyond the original is refused with the parameters."""
    spec = cityscapes()[0].model_dump(mode="json")
    plan = {"dataset": "cityscapes", "spec": spec, "resize": size}
    with pytest.raises(ValueError, match=reason):
        DatasetParams.model_validate_json(json.dumps(plan))


def test_images_with_one_class_are_not_resized(project):
    """The option is for datasets with masks."""
    spec = catalogue.find(project, "digits").model_dump(mode="json")
    plan = {"dataset": "digits", "spec": spec, "resize": {"height": 4, "width": 4}}
    with pytest.raises(ValueError, match="'resize' is for datasets with masks"):
        DatasetParams.model_validate_json(json.dumps(plan))


def test_scenes_are_materialised_from_what_a_package_ships(project, tmp_path):
    """The embedded set needs no file of anybody: its step writes the arrays that it records."""
    sample = catalogue.find(project, "digit_scenes")
    outputs = Outputs({"images": "arrays"}, tmp_path, {"images": "images"})
    context = Run("sample", "images", 0, Checkpoint(None), Progress("images"))
    params = DatasetParams(dataset="digit_scenes", spec=sample, limit=Limit(train=30, test=10))
    materialise(Inputs({}), params, outputs, context)
    folder = tmp_path / "images" / "images"
    about = arrays.about(folder)

    assert about["sizes"] == {"train": 30, "validation": 80, "test": 10}
    assert about["task"] == "segmentation"
    assert list(about["sources"]) == ["digits.csv"]
    assert len(about["pixels"]["train"]["classes"]) == about["classes"] == 11
    assert arrays.read_folder(folder)["train_labels"].shape == (30, 64, 64)


def test_other_scenes_than_those_recorded_are_not_written(project, tmp_path):
    """A changed seed gives other arrays: the step says which, and writes nothing."""
    sample = catalogue.find(project, "digit_scenes")
    layout = sample.format.model_copy(update={"seed": 1})
    changed = sample.model_copy(update={"format": layout})
    outputs = Outputs({"images": "arrays"}, tmp_path / "out", {"images": "images"})
    context = Run("sample", "images", 0, Checkpoint(None), Progress("images"))
    params = DatasetParams(dataset="digit_scenes", spec=changed)
    with pytest.raises(HarnessError, match=r"not those that the spec records") as caught:
        materialise(Inputs({}), params, outputs, context)

    assert "train_labels: sha256" in caught.value.message
    assert not (tmp_path / "out").exists()


def without(members, name):
    """Return the members but one."""
    return {key: content for key, content in members.items() if key != name}


IMAGE, MASK = f"leftImg8bit/{VAL}_leftImg8bit.png", f"gtFine/{VAL}_gtFine_labelIds.png"
NO_MASK = "gtFine_trainvaltest.zip: has no mask for 'lindau/lindau_000005_000019'"
FEW = "leftImg8bit_trainvaltest.zip: has 1 files leftImg8bit/val/…_leftImg8bit.png, the spec says 2"
ZIPS = {
    "a mask is missing": (PHOTOS, without(TRUTH, MASK), NO_MASK),
    "an image is missing": (without(PHOTOS, IMAGE), TRUTH, FEW),
    "a mask of another place": (
        PHOTOS,
        without(TRUTH, MASK) | {MASK.replace("lindau_000005", "lindau_000009"): TRUTH[MASK]},
        NO_MASK),
    "a mask too many": (PHOTOS, TRUTH | {MASK.replace("_000019", "_000020"): TRUTH[MASK]},
        "leftImg8bit_trainvaltest.zip: has no image for 'lindau/lindau_000005_000020'"),
    "an image of another size": (PHOTOS | {IMAGE: png(photo(5)[1:])}, TRUTH,
        f"leftImg8bit_trainvaltest.zip: {IMAGE}: is a picture of 23 x 36 pixels, the spec says"),
    "a mask of another size": (PHOTOS, TRUTH | {MASK: png(mask(5)[:, :-1])},
        f"gtFine_trainvaltest.zip: {MASK}: is a picture of 24 x 35 pixels, the spec says 24 x 36"),
    "an id that there is not": (PHOTOS, TRUTH | {MASK: png(np.full((24, 36), 33, np.uint8))},
        f"gtFine_trainvaltest.zip: {MASK}: the mask holds 33; the spec's 'ids' know 0 to 5"),
    "a coloured mask": (PHOTOS, TRUTH | {MASK: png(photo(5))},
        f"gtFine_trainvaltest.zip: {MASK}: is a picture of the kind RGB; allowed: L, P"),
    "a grey image": (PHOTOS | {IMAGE: png(mask(5))}, TRUTH,
        f"leftImg8bit_trainvaltest.zip: {IMAGE}: is a picture of the kind L; allowed: RGB"),
    "an image that is cut": (PHOTOS | {IMAGE: PHOTOS[IMAGE][:-40]}, TRUTH,
        f"leftImg8bit_trainvaltest.zip: {IMAGE}: cannot be decoded as PNG or JPEG"),
    "a bomb": (PHOTOS | {IMAGE: bytes(3_000_000)}, TRUTH,
        f"leftImg8bit_trainvaltest.zip: member '{IMAGE}' has 3000000 bytes, more than"),
}  # fmt: skip


@pytest.mark.parametrize("fault", ZIPS)
def test_a_bad_pair_is_refused_by_its_file(tmp_path, fault):
    """The message has the archive, the member, what is wrong and what is allowed."""
    photos, truth, reason = ZIPS[fault]
    sample, _ = cityscapes()
    files = {
        "leftImg8bit_trainvaltest.zip": zipped(photos),
        "gtFine_trainvaltest.zip": zipped(truth),
    }
    with pytest.raises(HarnessError) as caught:
        read(sample, tmp_path, files)

    assert caught.value.message.startswith(f"{tmp_path}/{reason}")


def with_record(**changed):
    """Return the test file with a first record in which something is changed."""
    return framed(example(record(5, **changed))) + tfrecord([6])


WRONG = png(np.full((24, 36), 7, np.uint8))
SEGMENTS = "image/segmentation/class/encoded"
RECORDS = {
    "a record less": (tfrecord([5]), "1 records, the spec says 2"),
    "a record more": (tfrecord([5, 6, 6]), "3 records, the spec says 2"),
    "a record that is cut": (tfrecord([5, 6])[:-9], "record 1 ends early: the file is cut off"),
    "a wrong checksum": (
        tfrecord([5, 6])[:-1] + b"\0", "record 1 does not have the content of its checksum"),
    "no message": (framed(b"\xff" * 20) + tfrecord([6]), "record 0: is no Example message"),
    "no mask": (framed(example(without(record(5), SEGMENTS))) + tfrecord([6]),
        f"record 0: lacks one value of bytes under '{SEGMENTS}'; it has 'image/channels', "),
    "another height": (with_record(**{"image/height": 23}),
        "record 0: 'image/height' is 23, the spec says 24"),
    "no height": (framed(example(without(record(5), "image/height"))) + tfrecord([6]),
        "record 0: 'image/height' is a list of 0, the spec says 24"),
    "a size as text": (with_record(**{"image/width": b"36"}),
        "record 0: 'image/width' is b'36', the spec says 36"),
    "another picture than its height": (with_record(**{"image/encoded": png(photo(5)[1:])}),
        "record 0, image/encoded: is a picture of 23 x 36 pixels, the spec says 24 x 36"),
    "a class that there is not": (with_record(**{SEGMENTS: WRONG}),
        f"record 0, {SEGMENTS}: the mask holds 7; there are the classes 0 to 2, and 255"),
    "a mask in JPEG": (with_record(**{SEGMENTS: jpeg(mask(5))}),
        f"record 0, {SEGMENTS}: cannot be decoded as PNG: it is of another format"),
}  # fmt: skip


@pytest.mark.parametrize("fault", RECORDS)
def test_a_bad_record_is_refused_by_its_number(tmp_path, fault):
    """The message has the file, the record, what is wrong and what is allowed."""
    content, reason = RECORDS[fault]
    sample, files = tfrecord_sample()
    name = "val_fine-00000-of-00001.tfrecord"
    with pytest.raises(HarnessError) as caught:
        read(sample, tmp_path, files | {name: content})

    assert caught.value.message.startswith(f"{tmp_path / name}: {reason}")


def test_a_folder_of_cityscapes_gives_the_arrays_of_its_zip_files(project, tmp_path):
    """Who has unpacked the archives adopts the folder."""
    sample, files = cityscapes()
    folder = tmp_path / "unpacked"
    for members in cityscapes_files().values():
        unpacked(folder, members)
    one = arrays.read_folder(run(project, sample, files, tmp_path / "zips"))
    names = adopt(sample, project.downloads, folder)
    paths = {name: project.downloads / "cityscapes" / name for name in names}
    with segmentation.divided(sample, paths) as division:
        other, _ = segmentation.arrays(division, sample, None)

    assert names == ["leftImg8bit_trainvaltest.zip", "gtFine_trainvaltest.zip"]
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_the_stand_ins_hold_the_files_that_are_told_in_the_layout():
    """Cityscapes has five files a place and RailSem19 three an image."""
    assert sum(name.startswith("gtFine/val/lindau/") for name in TRUTH) == 4
    assert f"leftImg8bit/{VAL}_leftImg8bit.png" in PHOTOS
    assert set(np.unique(stored(mask(0))).tolist()) == {2, 3, 4, 5}
    assert {name.rpartition("/")[0] for name in railsem19_files(2)} == {
        "", "jpgs/rs19_val", "uint8/rs19_val", "jsons/rs19_val",
    }  # fmt: skip
