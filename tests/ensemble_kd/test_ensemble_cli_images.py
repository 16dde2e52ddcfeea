"""The command line reads each dataset from the user's own files, and says what is wrong there."""

import gzip
import io
import struct
import tarfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.formats import arrays
from reproductions.ensemble_kd.cli.images import changes, cifar, digits, mnist
from reproductions.ensemble_kd.cli.images.opening import open_images
from reproductions.ensemble_kd.cli.plan import Source

CIFAR10 = [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)]


def _cifar(count, label_bytes, seed):
    """Return a file of records, its images (N, 32, 32, 3) and its labels."""
    generator = np.random.Generator(np.random.PCG64(seed))
    planes = generator.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    labels = generator.integers(0, 10, count, dtype=np.uint8)
    head = np.tile(labels[:, None], (1, label_bytes))
    content = np.concatenate([head, planes.reshape(count, -1)], axis=1).tobytes()
    return content, planes.transpose(0, 2, 3, 1), labels


@pytest.fixture
def cifar100(tmp_path):
    """Give a folder with a small CIFAR-100, and its images to train and to test on."""
    folder = tmp_path / "cifar-100-binary"
    folder.mkdir()
    found = []
    for name, count in (("train", 5), ("test", 3)):
        content, images, labels = _cifar(count, 2, count)
        (folder / f"{name}.bin").write_bytes(content)
        found.append((images, labels))
    return tmp_path, found


def test_cifar100_is_read(cifar100):
    """The binary files give the images and the fine labels, named by either folder."""
    folder, wanted = cifar100

    for place in (folder, folder / "cifar-100-binary"):
        for part, (images, labels) in zip(cifar.read("cifar100", place), wanted, strict=True):
            np.testing.assert_array_equal(images, part.images)
            np.testing.assert_array_equal(labels, part.labels)


def test_cifar_is_normalised_as_published(cifar100):
    """Both CIFARs have the mean and the deviation of the release, in every part alike."""
    found = open_images(Source("cifar100", cifar100[0], "medium"), 0)

    assert found.train.mean == found.test.mean == (0.4914, 0.4822, 0.4465)
    assert found.train.std == found.test.std == (0.2023, 0.1994, 0.2010)
    assert (found.size, found.channels, found.classes) == (32, 3, 100)


def test_cifar10_is_read_from_its_archive(tmp_path):
    """The archive is read without unpacking it to the disk."""
    wanted = []
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for number, name in enumerate([*CIFAR10, "cifar-10-batches-bin/test_batch.bin"]):
            content, images, _ = _cifar(2, 1, number)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            wanted.append(images)

    train, test = cifar.read("cifar10", tmp_path)

    np.testing.assert_array_equal(np.concatenate(wanted[:5]), train.images)
    np.testing.assert_array_equal(wanted[5], test.images)


def test_torn_cifar_is_refused(cifar100):
    """A file that ends inside a record is refused by its name."""
    folder, _ = cifar100
    path = folder / "cifar-100-binary" / "train.bin"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(HarnessError, match=r"train\.bin: 15369 bytes are not records of 3074"):
        cifar.read("cifar100", folder)


def test_missing_cifar_is_told(tmp_path):
    """Without its files, the message names them and how to get them."""
    with pytest.raises(HarnessError) as missing:
        cifar.read("cifar10", tmp_path)

    assert "it holds no cifar-10-binary.tar.gz" in missing.value.message
    assert "harness data fetch cifar10" in missing.value.remedy


def _idx(values):
    header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    return header + values.astype(np.uint8).tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_mnist_is_read(tmp_path, packed):
    """The four files are read as they are and packed; the moments are those of the images."""
    generator = np.random.Generator(np.random.PCG64(0))
    for part, count in (("train", 6), ("t10k", 4)):
        images = generator.integers(0, 256, (count, 28, 28))
        labels = np.arange(count) % 10
        for name, values in (("images-idx3", images), ("labels-idx1", labels)):
            content = _idx(values)
            end = ".gz" if packed else ""
            path = tmp_path / f"{part}-{name}-ubyte{end}"
            path.write_bytes(gzip.compress(content) if packed else content)

    found = open_images(Source("mnist", tmp_path, "medium"), 0)

    assert found.train.images.shape == (6, 28, 28, 1)
    assert found.test.labels.tolist() == [0, 1, 2, 3]
    assert found.train.mean == pytest.approx([found.train.images.mean() / 255], abs=1e-6)


def test_missing_mnist_is_told(tmp_path):
    """The message names the first file that is missing, and the folder."""
    with pytest.raises(HarnessError, match="holds no train-images-idx3-ubyte"):
        mnist.read(tmp_path)


def test_short_mnist_is_refused(tmp_path):
    """A file without a whole header is refused by its name."""
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08")

    with pytest.raises(HarnessError, match="ends inside its header"):
        mnist.read(tmp_path)


def test_digits_are_those_of_the_stages(tmp_path):
    """Digits from the installed package are the parts that the spec records, by their digest."""
    from harness.data.step import digests

    recorded = digits.catalogue.load(digits.ROOT / "specs" / "dataset" / "digits.yaml").arrays

    found = digits.read(digits._HERE)

    for part, name in zip(found.parts, ("train", "test"), strict=True):
        values = {f"{name}_images": part.images, f"{name}_labels": part.labels}
        for key, digest in digests(values).items():
            assert recorded[key] == digest


def test_digits_of_a_stage_are_the_same(tmp_path):
    """A folder that a dataset stage has written gives the same images and moments."""
    wanted = digits.read(digits._HERE)
    stored = {
        f"{name}_{kind}": getattr(part, kind)
        for part, name in zip(wanted.parts, ("train", "test"), strict=True)
        for kind in ("images", "labels")
    }
    mean, std = wanted.moments
    about = {"classes": 10, "maximum": 16, "mean": list(mean), "std": list(std)}
    arrays.write_folder(tmp_path, stored, about)

    found = digits.read(tmp_path)

    assert (wanted.moments, wanted.maximum) == (found.moments, found.maximum)
    for mine, theirs in zip(wanted.parts, found.parts, strict=True):
        np.testing.assert_array_equal(mine.images, theirs.images)
        np.testing.assert_array_equal(mine.labels, theirs.labels)


def test_folder_without_labels_is_refused(tmp_path):
    """A folder of arrays that is no dataset is refused with what it lacks."""
    arrays.write_folder(tmp_path, {"train_images": np.zeros((2, 8, 8, 1), np.uint8)}, {})

    with pytest.raises(HarnessError, match=r"train_labels.*about\.classes.* is missing"):
        digits.read(tmp_path)


def test_damaged_digits_are_refused(tmp_path):
    """A file that is not the digits is refused by its name."""
    (tmp_path / "digits.csv.gz").write_bytes(gzip.compress(b"1,2,3\n"))

    with pytest.raises(HarnessError, match=r"digits\.csv\.gz:1: has 3 numbers"):
        digits.read(tmp_path)


def test_missing_place_is_told(tmp_path):
    """A path that is not there is no reason to take other digits."""
    with pytest.raises(HarnessError, match="there is no such file or folder"):
        digits.read(tmp_path / "nowhere")


def test_dummy_images_are_drawn_from_the_seed():
    """Dummy images depend on the seed alone."""
    source = Source("dummy", digits._HERE, "medium")
    first, again, other = (open_images(source, seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first.train.images, again.train.images)
    assert not np.array_equal(first.train.images, other.train.images)
    assert len(first.shortened(7).test) == 7


_DRAWS = st.lists(st.floats(0, 1, exclude_max=True), min_size=8, max_size=8).map(np.array)
_SIDE = st.integers(1, 600)


@given(_SIDE, _SIDE, _DRAWS)
def test_cuts_lie_in_the_image(width, height, draws):
    """Whatever is drawn, a part of an image has pixels, and lies inside of it."""
    cuts = [
        changes.random_part(width, height, draws),
        changes.random_square(width, height, draws),
        changes.middle_square(width, height),
    ]

    for cut in cuts:
        assert cut.left >= 0
        assert cut.top >= 0
        assert cut.width >= 1
        assert cut.height >= 1
        assert cut.left + cut.width <= width
        assert cut.top + cut.height <= height


@given(_DRAWS)
def test_grey_stays_grey(draws):
    """Other brightness, contrast and saturation give no colour to an image that has none."""
    image = np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2)

    found = changes.jittered(image, draws)

    assert found.dtype == np.uint8
    assert np.ptp(found.astype(int), axis=-1).max() <= 1
