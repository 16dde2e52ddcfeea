"""Every reader of a file that others can change, fed with mutations of good files.

It returns a value or raises a HarnessError that names the file; it raises nothing else, waits for
nothing and writes nothing. `FUZZ_EXAMPLES` says how many mutations each reader gets.
"""

import gzip
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import scene_samples as scenes
from dataset_samples import cifar_sample, idx_sample
from hypothesis import given
from hypothesis import strategies as st
from mutation import bounded, mutated, mutated_json

from harness.compiler import replan
from harness.costs import load_costs
from harness.data import segmentation
from harness.data.reading import read as read_dataset
from harness.data.recognition import stranger
from harness.devices import record
from harness.errors import HarnessError
from harness.formats import arrays, jsonfile, rows
from harness.report import model, results
from harness.stage.lock import read_lock
from harness.stage.manifest import read_manifest
from harness.stage.planned import PlannedStage

ROOT = Path(__file__).parents[2]


def kept(pattern):
    """Return the bytes of committed files of ours, the smallest ones: true samples."""
    paths = sorted(ROOT.glob(pattern), key=lambda path: (path.stat().st_size, path))
    assert paths, pattern
    return [path.read_bytes() for path in paths[:4]]


def examine(files, name, read):
    """Read `name` among `files`; return why it is refused, or None when it is not."""
    root = Path(tempfile.mkdtemp())
    try:
        for one, content in files.items():
            (root / one).parent.mkdir(parents=True, exist_ok=True)
            (root / one).write_bytes(content)
        try:
            read(root / name)
        except HarnessError as error:
            said = error.message
        else:
            said = None
        finally:
            there = {path for path in root.rglob("*") if path.is_file()}
            assert {path.relative_to(root).as_posix(): path.read_bytes() for path in there} == files
        assert said is None or any(Path(one).name in said for one in (*files, root)), said
        assert said is None or said.replace("\n", " ").isprintable()
    finally:
        shutil.rmtree(root)
    return said


def _costs(path):
    return load_costs(path.parents[2], path.parent.name)


def _table(path):
    found = results._table(path, path.name)
    if found.written is None:
        raise HarnessError(found.reason)


JSON_READERS = {
    "plan": ("plan/nonn/teacher.json", "plan/nonn/*.json", PlannedStage.read),
    "manifest": ("manifest.json", "manifest.json", read_manifest),
    "record": ("0001.json", "device_results/*/*/*/*.json", record.read),
    "verdicts": ("verdicts.json", "results/*/verdicts.json", model.read),
    "costs": ("device_results/p/costs.json", "device_results/*/costs.json", _costs),
    "JSON": ("coverage.json", "results/*/coverage.json", jsonfile.read),
}


@pytest.mark.parametrize("reader", JSON_READERS)
def test_json_of_another_shape_is_refused(reader):
    """A value in place of another one, a key too many or too few: a value or a message."""
    name, samples, read = JSON_READERS[reader]

    @bounded
    @given(mutated_json(kept(samples)))
    def check(content):
        examine({name: content}, name, read)

    check()


TEXT_READERS = JSON_READERS | {
    "lock": ("dvc.lock", "dvc.lock", read_lock),
    "parameters": ("params.yaml", "params.yaml", replan._read),
    "rows": ("rows.csv", "results/*/nonn/*.csv", rows.read),
    "table": ("table.csv", "results/*/nonn/*.csv", _table),
}


@pytest.mark.parametrize("reader", TEXT_READERS)
def test_bytes_that_are_damaged_are_refused(reader):
    """Bytes cut, turned, doubled or put in: a value or a message."""
    name, samples, read = TEXT_READERS[reader]

    @bounded
    @given(mutated(kept(samples)))
    def check(content):
        examine({name: content}, name, read)

    check()


@pytest.mark.parametrize("reader", TEXT_READERS)
@bounded
@given(content=st.binary(max_size=200))
def test_bytes_that_are_nothing_are_refused(reader, content):
    """Random bytes: a value or a message."""
    name, _, read = TEXT_READERS[reader]
    examine({name: content}, name, read)


def _folder():
    """Return the files of a folder of arrays."""
    place = Path(tempfile.mkdtemp())
    arrays.write_folder(place, {"a": np.arange(6.0).reshape(2, 3), "b": np.ones(3, bool)}, {"x": 1})
    files = {path.name: path.read_bytes() for path in place.iterdir()}
    shutil.rmtree(place)
    return files


def _weights():
    place = Path(tempfile.mkdtemp())
    arrays.write_weights(place / "w", {"a": np.zeros((2, 2), np.float32), "b": np.ones(3)})
    content = (place / "w").read_bytes()
    shutil.rmtree(place)
    return content


def _read_arrays(path):
    return arrays.about(path.parent), arrays.read_folder(path.parent)


@bounded
@given(mutated([_folder()["a.npy"]]))
def test_a_damaged_array_is_refused(content):
    """Whatever a .npy file holds, it is the array that the manifest describes or a message."""
    examine(_folder() | {"a.npy": content}, "a.npy", _read_arrays)


@bounded
@given(st.one_of(mutated([_folder()["manifest.json"]]), mutated_json([_folder()["manifest.json"]])))
def test_a_damaged_manifest_of_arrays_is_refused(content):
    """Whatever the manifest says, no other file is read."""
    examine(_folder() | {"manifest.json": content}, "manifest.json", _read_arrays)


@bounded
@given(mutated([_weights()]))
def test_a_damaged_file_of_weights_is_refused(content):
    """Whatever a safetensors file holds, it is tensors or a message."""
    examine({"w.safetensors": content}, "w.safetensors", arrays.read_weights)


def _gzipped(content):
    return gzip.compress(content, mtime=0)


IDX, IDX_FILES = idx_sample()
CIFAR, CIFAR_FILE = cifar_sample(1)


@bounded
@given(st.one_of(mutated(list(IDX_FILES.values())), mutated([
    gzip.decompress(content) for content in IDX_FILES.values()
]).map(_gzipped)))  # fmt: skip
def test_damaged_idx_files_are_refused(content):
    """Damage to the gzip file or to what it packs: images or a message."""
    files = IDX_FILES | {"train-images.gz": content}

    def read(path):
        read_dataset(IDX, {name: path.parent / name for name in files})

    examine(files, "train-images.gz", read)


@bounded
@given(
    st.one_of(mutated([CIFAR_FILE]), mutated([gzip.decompress(CIFAR_FILE)]).map(_gzipped))
)  # fmt: skip
def test_damaged_cifar_archives_are_refused(content):
    """Damage to the archive, to tar's headers or to the records: images or a message."""

    def read(path):
        read_dataset(CIFAR, {path.name: path})

    examine({"set.tar.gz": content}, "set.tar.gz", read)


def _scenes(dataset, files):
    """Return a reader that decodes every scene of a dataset with masks."""

    def read(path):
        paths = {name: path.parent / name for name in files}
        for archive in dataset.archives:
            stranger(dataset, archive, paths[archive.name])
        with segmentation.divided(dataset, paths) as division:
            segmentation.arrays(division, dataset, None)

    return read


CITIES, CITY_FILES = scenes.cityscapes()
RAILS, RAIL_FILES = scenes.railsem19()
RECORDS, RECORD_FILES = scenes.tfrecord_sample()
SHARD = "val_fine-00000-of-00001.tfrecord"


@bounded
@given(mutated([CITY_FILES["gtFine_trainvaltest.zip"]]))
def test_damaged_zip_files_are_refused(content):
    """Damage to zip's list of members, to a header or to a mask: scenes or a message."""
    files = CITY_FILES | {"gtFine_trainvaltest.zip": content}
    examine(files, "gtFine_trainvaltest.zip", _scenes(CITIES, files))


@bounded
@given(mutated([RAIL_FILES["rs19_val.zip"]]))
def test_damaged_archives_of_jpegs_are_refused(content):
    """Damage to an archive with JPEG and PNG: scenes or a message."""
    examine({"rs19_val.zip": content}, "rs19_val.zip", _scenes(RAILS, RAIL_FILES))


@bounded
@given(mutated([RECORD_FILES[SHARD]]))
def test_damaged_tfrecords_are_refused(content):
    """Damage to the framing or to what it frames: scenes or a message."""
    files = RECORD_FILES | {SHARD: content}
    examine(files, SHARD, _scenes(RECORDS, files))


@bounded
@given(mutated([scenes.example(scenes.record(5))]))
def test_damaged_messages_in_sound_frames_are_refused(message):
    """Damage behind right checksums, to the message or to a picture in it."""
    files = RECORD_FILES | {SHARD: scenes.framed(message) + scenes.tfrecord([6])}
    examine(files, SHARD, _scenes(RECORDS, files))


def test_the_mutations_reach_behind_the_first_check():
    """Some mutations are accepted and most are not, or the fuzzers would show nothing."""
    verdicts = set()

    @bounded
    @given(mutated_json(kept("plan/nonn/*.json")))
    def check(content):
        name = "plan/nonn/teacher.json"
        verdicts.add(examine({name: content}, name, PlannedStage.read))

    check()

    assert len(verdicts) > 5
    assert json.loads(kept("plan/nonn/*.json")[0])
