"""ImageNet's record files: read batch by batch, changed as --augmentation says, and trained on."""

import struct
import zlib

import mxnet as mx
import numpy as np
import pytest
from ensemble_commands import STEM, Commands

from harness.errors import HarnessError
from reproductions.ensemble_kd.cli.images.records import open_records

SIDE = 64


def _png(image):
    """Return `image` (H, W, 3) as the bytes of a PNG file."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, _ = image.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in image)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _pack(folder, name, contents, label=lambda key: key):
    path = folder / f"{name}.rec"
    file = mx.recordio.MXIndexedRecordIO(str(path.with_suffix(".idx")), str(path), "w")
    for key, content in enumerate(contents):
        header = mx.recordio.IRHeader(0, float(label(key)), key, 0)
        file.write_idx(key, mx.recordio.pack(header, content))
    file.close()


@pytest.fixture
def photographs(tmp_path):
    """Give a folder with record files of four and of two photographs."""
    generator = np.random.Generator(np.random.PCG64(0))
    images = [
        generator.integers(0, 256, (SIDE + key, SIDE + 9, 3), dtype=np.uint8) for key in range(6)
    ]
    folder = tmp_path / "records"
    folder.mkdir()
    _pack(folder, "train", map(_png, images[:4]))
    _pack(folder, "val", map(_png, images[4:]))
    return folder


def test_test_images_are_cut_in_the_middle(photographs):
    """Images to test on are normalised squares of 224 pixels, in their order, not changed."""
    _, test = open_records(photographs, "high")

    (first,), (again,) = (list(test.batches(2)) for _ in range(2))

    assert first.inputs.shape == (2, 3, 224, 224)
    assert first.labels.tolist() == [0, 1]
    assert abs(float(first.inputs.mean())) < 1
    np.testing.assert_array_equal(first.inputs, again.inputs)


@pytest.mark.parametrize("augmentation", ["low", "medium", "high"])
def test_changes_depend_on_the_generator_alone(photographs, augmentation):
    """The same generator gives the same batches, another one others; each image comes once."""
    train, _ = open_records(photographs, augmentation)

    def epoch(seed):
        return list(train.epoch(2, np.random.Generator(np.random.PCG64(seed))))

    first, again, other = epoch(1), epoch(1), epoch(2)

    assert sorted(label for batch in first for label in batch.labels) == [0, 1, 2, 3]
    for mine, same, theirs in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(mine.inputs, same.inputs)
        assert not np.array_equal(mine.inputs, theirs.inputs)


def test_augmentations_differ(photographs):
    """The three augmentations make three images of one photograph."""
    found = [
        next(open_records(photographs, how)[0].epoch(4, np.random.Generator(np.random.PCG64(1))))
        for how in ("low", "medium", "high")
    ]

    assert not np.array_equal(found[0].inputs, found[1].inputs)
    assert not np.array_equal(found[1].inputs, found[2].inputs)


def test_missing_records_are_told(tmp_path, photographs):
    """A file that is missing is named, the records or their index."""
    with pytest.raises(HarnessError, match=r"--data-dir .*: it holds no train\.rec"):
        open_records(tmp_path, "low")
    (photographs / "val.idx").unlink()
    with pytest.raises(HarnessError, match=r"it holds no val\.idx"):
        open_records(photographs, "low")


def test_damaged_index_is_refused(photographs):
    """An index that is none is refused by its name."""
    (photographs / "train.idx").write_bytes(b"\xff\xfe nonsense")

    with pytest.raises(HarnessError, match=r"train\.idx: is no index"):
        open_records(photographs, "low")


def test_damaged_photograph_is_refused(tmp_path):
    """A record that is no image is refused by its file and key."""
    for name in ("train", "val"):
        _pack(tmp_path, name, [b"nonsense", b"more of it"])
    train, _ = open_records(tmp_path, "low")

    with pytest.raises(HarnessError, match=r"train\.rec: record 0: cannot be read"):
        next(train.batches(2))


def test_strange_label_is_refused(tmp_path):
    """A label beyond ImageNet's classes is refused by its record."""
    image = _png(np.zeros((SIDE, SIDE, 3), np.uint8))
    for name in ("train", "val"):
        _pack(tmp_path, name, [image, image], lambda key: 1000 + key)

    with pytest.raises(HarnessError, match="record 0: its label is 1000"):
        next(open_records(tmp_path, "low")[0].batches(2))


def test_ensemble_trains_on_records(tmp_path, photographs, monkeypatch):
    """An ensemble with the stem of large images trains on record files."""
    commands = Commands(tmp_path, monkeypatch)
    words = (
        "--model resnet18_e1 --dataset imagenet --data-dir records --width-multiplier 0.0625 "
        "--initial-layers grouped_stem --bit-widths 32 1 --epochs 1 --batch-size 2 "
        "--fp-downsample-sc --pool-downsample-sc --augmentation high --mode hybrid"
    )

    assert commands(words, "") == 0

    assert [row["bits"] for row in commands.table()] == [32, 1]
    assert "images: imagenet, 224x224x3, 1000 classes" in commands.log(STEM)
