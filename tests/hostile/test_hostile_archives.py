"""Archives and files of images that lie about what is in them; see also tests/data."""

import io
import os
import struct
import tarfile
import tracemalloc
import unicodedata
import zipfile

import numpy as np
import pytest
from dataset_samples import cifar_records, cifar_sample, idx_sample, pack
from messages import tell
from scene_samples import (
    HEIGHT,
    WIDTH,
    claiming,
    example,
    field,
    framed,
    mask,
    photo,
    png,
    railsem19,
    railsem19_files,
    record,
    tfrecord,
    tfrecord_sample,
)
from scene_samples import zipped as zip_of

from harness.data import idx, segmentation
from harness.data.adopt import adopt
from harness.data.packing import read_tar
from harness.data.reading import read
from harness.errors import HarnessError
from harness.spec.dataset import Records

WANTED = {"set/one.bin": 1000}
GOOD = ("set/one.bin", bytes(1000))


def header(name, **fields):
    """Return the header of a member."""
    made = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(made, key, value)
    return made


def tar(*members, end=True):
    """Return a tar.gz with members: a header, or a name with its content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                file.addfile(member)
            else:
                file.addfile(header(member[0], size=len(member[1])), io.BytesIO(member[1]))
    content = buffer.getvalue()
    return pack(content if end else content.rstrip(b"\0"))


def lying(size):
    """Return an archive whose member claims a size, with fewer bytes behind it."""
    made = header("set/one.bin", size=size)
    return pack(made.tobuf(tarfile.GNU_FORMAT) + bytes(512))


def sparse(real, claimed):
    """Return an archive with a sparse member of GNU's old form: a map of a hole."""
    block = bytearray(header("set/one.bin", size=512, type=tarfile.GNUTYPE_SPARSE).tobuf())
    block[386:398] = b"%011o\0" % claimed
    block[398:410] = b"%011o\0" % 512
    block[483:495] = b"%011o\0" % real
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return pack(bytes(block) + bytes(512 * 3))


def many(count):
    """Return an archive of `count` empty members, a thousand in each stream of gzip."""
    return pack(header("m").tobuf(tarfile.USTAR_FORMAT) * 1000) * (count // 1000)


def zipped():
    """Return a zip file under the name of a tar.gz."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../outside", bytes(10**6))
    return buffer.getvalue()


LINK = {"linkname": "/etc/passwd", "type": tarfile.SYMTYPE}
ARCHIVES = {
    "a name that climbs": lambda: tar(("../../outside", b"x"), GOOD),
    "a name that climbs by backslashes": lambda: tar(("set\\..\\..\\outside", b"x"), GOOD),
    "an absolute name": lambda: tar(("/etc/cron.d/x", b"x"), GOOD),
    "a name with a terminal sequence": lambda: tar(("../\x1b]52;c;aGk=\x07", b"x"), GOOD),
    "a name that runs backwards": lambda: tar(("../a\u202eb", b"x"), GOOD),
    "a symbolic link": lambda: tar(header("set/link", **LINK), GOOD),
    "the wanted member as a link": lambda: tar(header("set/one.bin", **LINK)),
    "a hard link": lambda: tar(header("l", linkname="set/one.bin", type=tarfile.LNKTYPE), GOOD),
    "a device": lambda: tar(header("d", type=tarfile.CHRTYPE), GOOD),
    "a disk": lambda: tar(header("d", type=tarfile.BLKTYPE), GOOD),
    "a pipe": lambda: tar(header("p", type=tarfile.FIFOTYPE), GOOD),
    "a million members": lambda: many(10**6),
    "a member twice": lambda: tar(GOOD, GOOD),
    "a member that is too large": lambda: tar(("set/one.bin", bytes(1001))),
    "a size beyond the end": lambda: lying(900),
    "a size of a terabyte": lambda: lying(2**40),
    "a negative size": lambda: lying(-1),
    "a sparse member of a terabyte": lambda: sparse(2**32 - 1, 0),
    "a sparse map beyond its member": lambda: sparse(1000, 2**30),
    "a bomb": lambda: tar(("set/pad", bytes(10**8)), GOOD),
    "a bomb within a bomb": lambda: pack(pack(bytes(10**8))),
    "no tar file": lambda: pack(b"x" * 2000),
    "no gzip file": lambda: b"BZh9" + bytes(100),
    "a zip file": zipped,
    "half of it": lambda: tar(GOOD)[:60],
    "no end": lambda: tar(("set/two.bin", b""), end=False),
    "bytes behind it": lambda: tar(GOOD) + b"trailing",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("attack", ARCHIVES)
def test_an_archive_that_lies_is_refused(tmp_path, attack):
    """The message names the archive; little memory is used and nothing is left behind."""
    path = tmp_path / "set.tar.gz"
    path.write_bytes(ARCHIVES[attack]())
    tracemalloc.start()
    try:
        with pytest.raises(HarnessError) as caught:
            read_tar(path, WANTED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000
    assert list(tmp_path.iterdir()) == [path]
    tell(f"archive: {attack}", str(caught.value), tmp_path)


@pytest.mark.parametrize(
    "other",
    [
        "SET/ONE.BIN",
        "set/One.bin",
        "set//one.bin",
        "./set/one.bin",
        "set/./one.bin",
        "set/one.bin ",
    ],
)
def test_a_name_that_only_looks_the_same_is_another_one(tmp_path, other):
    """Names are compared byte by byte: case, blanks and dots make another member."""
    path = tmp_path / "set.tar.gz"
    path.write_bytes(tar((other, b"other"), GOOD, (other, b"again")))

    assert read_tar(path, WANTED) == {"set/one.bin": GOOD[1]}


def test_a_name_in_another_normal_form_is_another_one(tmp_path):
    """Two forms of the same letters are two members, and none overwrites the other."""
    one, two = (unicodedata.normalize(form, "set/é.bin") for form in ("NFC", "NFD"))
    path = tmp_path / "set.tar.gz"
    path.write_bytes(tar((one, b"1"), (two, b"2")))

    assert read_tar(path, {one: 1, two: 1}) == {one: b"1", two: b"2"}


def idx_header(*sizes, magic=b"\0\0\x08"):
    """Return the header of an idx file."""
    return magic + bytes([len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)


BODY = bytes(12 * 6)
IDX = {
    "sizes whose product wraps around": idx_header(2**32 - 1, 2**32 - 1, 2**32 - 1) + BODY,
    "sizes of nothing": idx_header(0, 2, 3) + BODY,
    "a size that looks negative": idx_header(2**32 - 12, 2, 3) + BODY,
    "other axes of the same size": idx_header(12, 3, 2) + BODY,
    "an axis too many": idx_header(12, 2, 3, 1) + BODY[:-4],
    "255 axes": b"\0\0\x08\xff" + bytes(84),
    "another type": idx_header(12, 2, 3, magic=b"\0\0\x0d") + BODY,
    "a pickle": (b"\x80\x04\x95" + bytes(85)),
    "a record less": idx_header(12, 2, 3) + BODY[:-6],
    "a record more": idx_header(12, 2, 3) + BODY + bytes(6),
}


@pytest.mark.parametrize("attack", IDX)
def test_an_idx_file_that_lies_is_refused(tmp_path, attack):
    """A header decides nothing: the spec says which sizes there are."""
    sample, files = idx_sample()
    files["train-images.gz"] = pack(IDX[attack])
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    with pytest.raises(HarnessError) as caught:
        read(sample, {name: tmp_path / name for name in files})

    tell(f"idx: {attack}", str(caught.value), tmp_path)


def test_the_size_of_an_idx_file_never_wraps_around():
    """A spec's numbers are multiplied exactly: a negative limit would read without one."""
    assert idx.size((2**40, 2**12, 2**12)) == 4 + 12 + 2**64


@pytest.mark.parametrize("train", [10**9 + 1, 2**63, -1, 0, 1.5, "12"])
def test_a_spec_counts_a_sensible_number_of_records(train):
    """More records than any dataset has are refused with the spec, before anything is read."""
    with pytest.raises(ValueError, match="train"):
        Records.model_validate({"train": train})


CIFAR = {
    "a byte less": cifar_records(6, 1)[:-1],
    "a record less": cifar_records(5, 1),
    "a label that is no class": bytes([255]) + cifar_records(6, 1)[1:],
    "a pickle": b"\x80\x04\x95" + bytes(6 * 19 - 3),
    "nothing": b"",
}


@pytest.mark.parametrize("attack", CIFAR)
def test_cifar_records_that_lie_are_refused(tmp_path, attack):
    """Half a record, a record too few, no class and a pickle are told apart from records."""
    rest = cifar_records(6, 1)
    content = tar(("set/one.bin", CIFAR[attack]), ("set/two.bin", rest), ("set/test.bin", rest))
    sample, _ = cifar_sample(1, content)
    path = tmp_path / "set.tar.gz"
    path.write_bytes(content)

    with pytest.raises(HarnessError) as caught:
        read(sample, {"set.tar.gz": path})

    tell(f"cifar: {attack}", str(caught.value), tmp_path)


RAILS = railsem19_files()
PHOTO, MASK = "jpgs/rs19_val/rs00003.jpg", "uint8/rs19_val/rs00003.png"


def linked(name, target):
    """Return a member that is a symbolic link."""
    made = zipfile.ZipInfo(name)
    made.create_system = 3
    made.external_attr = 0o120777 << 16
    made.comment = target.encode()
    return made


def short_claim():
    """Return an archive with a bomb that claims to be of a mask's size."""
    content = bytearray(zip_of(RAILS | {MASK: bytes(10**8)}, zipfile.ZIP_DEFLATED))
    place = content.index(struct.pack("<I", 10**8), content.index(b"PK\x01\x02"))
    content[place : place + 4] = struct.pack("<I", 900)
    return bytes(content)


def long_list():
    """Return an archive that claims a list of members of four gigabytes."""
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 9, 9, 2**32 - 2, 0, 0)
    return bytes(1000) + end


ZIPS = {
    "a name that climbs": lambda: zip_of(RAILS | {"../../outside": b"x"}),
    "an absolute name": lambda: zip_of(RAILS | {"/etc/cron.d/x": b"x"}),
    "a name with a terminal sequence": lambda: zip_of(RAILS | {"../\x1b]52;c;aGk=\x07": b"x"}),
    "the mask as a link": lambda: zip_of(RAILS | {MASK: linked(MASK, "/etc/passwd")}),
    "a bomb": lambda: zip_of(RAILS | {MASK: bytes(10**8)}, zipfile.ZIP_DEFLATED),
    "a bomb that claims to be short": short_claim,
    "a list of gigabytes": long_list,
    "a tar file": lambda: tar(GOOD),
    "half of it": lambda: zip_of(RAILS)[: len(zip_of(RAILS)) // 2],
    "a mask less": lambda: zip_of({name: RAILS[name] for name in RAILS if name != MASK}),
    "a script as a picture": lambda: zip_of(RAILS | {PHOTO: b"<svg onload=alert(1)>"}),
    "postscript as a picture": lambda: zip_of(RAILS | {PHOTO: b"%!PS-Adobe-3.0 EPSF-3.0\n"}),
    "a picture of gigapixels": lambda: zip_of(RAILS | {PHOTO: claiming(60_000, 60_000)}),
    "a picture of megapixels": lambda: zip_of(RAILS | {PHOTO: claiming(9_000, 9_000)}),
    "a picture on its side": lambda: zip_of(RAILS | {PHOTO: png(photo(3).transpose(1, 0, 2))}),
    "a class that is none": lambda: zip_of(
        RAILS | {MASK: png(np.full((HEIGHT, WIDTH), 254, np.uint8))}
    ),
}


def refused(sample, folder):
    """Return why a dataset with masks is refused; little memory is used."""
    paths = {archive.name: folder / archive.name for archive in sample.archives}
    tracemalloc.start()
    try:
        with pytest.raises(HarnessError) as caught, segmentation.divided(sample, paths) as parts:
            segmentation.arrays(parts, sample, None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000
    return str(caught.value)


@pytest.mark.parametrize("attack", ZIPS)
def test_a_zip_file_that_lies_is_refused(tmp_path, attack):
    """Unsafe names, links, bombs and pictures that are none: told by the file and its member."""
    (tmp_path / "rs19_val.zip").write_bytes(ZIPS[attack]())

    tell(f"zip: {attack}", refused(railsem19()[0], tmp_path), tmp_path)


def within(*entries):
    """Return a file of one record with these fields in its message, and a good record."""
    return framed(field(1, b"".join(field(1, entry) for entry in entries))) + tfrecord([6])


# The checksum of a content of eight bytes is that of a length.
LENGTH = struct.pack("<Q", 2**63 - 1)
TFRECORDS = {
    "a length of exabytes": lambda: LENGTH + bytes(100),
    "a length of exabytes with its checksum": lambda: LENGTH + framed(LENGTH)[-4:] + bytes(100),
    "a record in a record": lambda: framed(tfrecord([5])) + tfrecord([6]),
    "a wrong checksum of the content": lambda: tfrecord([5, 6])[:-1] + b"\0",
    "half of a record": lambda: tfrecord([5, 6])[:-500],
    "a name twice": lambda: within(*[field(1, b"image/encoded")] * 2),
    "a name with a terminal sequence": lambda: within(field(1, b"\x1b]52;c;aGk=\x07")),
    "a name that is no text": lambda: within(field(1, b"\xff\xfe")),
    "messages within messages": lambda: framed(deep(3000)) + tfrecord([6]),
    "a million values": lambda: within(
        field(1, b"image/height") + field(2, field(3, field(1, b"\1" * 10**5)))
    ),
    "a number without end": lambda: framed(b"\xff" * 1000) + tfrecord([6]),
    "a height of exabytes": lambda: (
        framed(example(record(5) | {"image/height": 2**63})) + tfrecord([6])
    ),
    "a mask as an image": lambda: (
        framed(example(record(5) | {"image/encoded": png(mask(5))})) + tfrecord([6])
    ),
    "a zip file": lambda: zip_of({"a": b"x" * 100}),
    "nothing": lambda: b"",
}


def deep(count):
    """Return a message in a message, `count` times."""
    made = b""
    for _ in range(count):
        made = field(1, made)
    return made


@pytest.mark.parametrize("attack", TFRECORDS)
def test_a_tfrecord_file_that_lies_is_refused(tmp_path, attack):
    """Lengths, checksums, messages and pictures: told by the file and the record."""
    sample, files = tfrecord_sample()
    files["val_fine-00000-of-00001.tfrecord"] = TFRECORDS[attack]()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    tell(f"tfrecord: {attack}", refused(sample, tmp_path), tmp_path)


def test_what_is_adopted_is_a_file_with_the_right_bytes(tmp_path):
    """A pipe, a device, a folder of links to them and a link to a secret are not taken over."""
    sample, _ = idx_sample()
    given = tmp_path / "given"
    given.mkdir()
    os.mkfifo(given / "pipe")
    (given / "secret").symlink_to("/etc/passwd")
    (given / "links").mkdir()
    (given / "links/train-images.gz").symlink_to("/dev/zero")
    for attack, path in {
        "a pipe": given / "pipe",
        "a device": tmp_path / "/dev/zero",
        "a link to a file of the machine": given / "secret",
        "a folder of links to devices": given / "links",
        "nothing": given / "missing",
    }.items():
        with pytest.raises(HarnessError) as caught:
            adopt(sample, tmp_path / "downloads", path)
        tell(f"adopt: {attack}", str(caught.value), tmp_path)
    assert not (tmp_path / "downloads").exists()


def test_a_good_archive_is_still_read(tmp_path):
    """The samples differ from good ones in nothing but the attack."""
    path = tmp_path / "set.tar.gz"
    path.write_bytes(tar(GOOD))

    assert read_tar(path, WANTED) == dict([GOOD])
    assert idx.parse("x", idx_header(12, 2, 3) + BODY, (12, 2, 3)).shape == (12, 2, 3)
