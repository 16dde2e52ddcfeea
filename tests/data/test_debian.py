from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest
from dataset_samples import archive, dataset, pack, sha256

from harness.data import debian
from harness.data.fetch import obtain
from harness.data.refusal import Refused
from harness.errors import HarnessError
from harness.spec.dataset import Debian

LAYOUT = {
    "kind": "idx",
    "train": {"images": "set.gz", "labels": "set.gz"},
    "test": {"images": "set.gz", "labels": "set.gz"},
}
PACKAGE = Debian(package="dataset-sample", path="usr/share/datasets/sample/set.gz")
CONTENT = b"the content"
with_tools = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="needs apt-get and dpkg"
)


def sample():
    """Return a dataset of one file that only a Debian package holds."""
    entry = archive(
        PACKAGE.path.rpartition("/")[2],
        pack(CONTENT),
        content={"bytes": len(CONTENT), "sha256": sha256(CONTENT)},
        debian=PACKAGE.model_dump(),
    )
    return dataset(source={"kind": "archives", "files": [entry]}, format=LAYOUT)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Give apt-get a package repository of its own, in a folder, that holds one package."""
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = "Package: dataset-sample\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.org>\n"
    control += "Description: a sample\n"
    (tree / "DEBIAN" / "control").write_text(control)
    (tree / PACKAGE.path).parent.mkdir(parents=True)
    # Debian packs the file again, without the time: other bytes, the same content.
    (tree / PACKAGE.path).write_bytes(pack(CONTENT, stamp=7))
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    file = shelf / "dataset-sample_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, file], check=True, capture_output=True)
    entry = f"Filename: ./{file.name}\nSize: {file.stat().st_size}\n"
    entry += f"SHA256: {hashlib.sha256(file.read_bytes()).hexdigest()}\n"
    (shelf / "Packages").write_text(control + entry)
    monkeypatch.setenv("APT_CONFIG", str(_configuration(tmp_path / "apt", shelf)))
    subprocess.run(["apt-get", "update"], check=True, capture_output=True)
    return shelf


def _configuration(root, shelf):
    for folder in ("state/lists/partial", "cache/archives/partial", "etc"):
        (root / folder).mkdir(parents=True)
    (root / "status").touch()
    (root / "etc" / "sources.list").write_text(f"deb [trusted=yes] file:{shelf} ./\n")
    lines = {
        "Dir::State": root / "state",
        "Dir::State::status": root / "status",
        "Dir::Cache": root / "cache",
        "Dir::Etc": root / "etc",
        "Dir::Etc::sourcelist": root / "etc" / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
    }
    path = root / "apt.conf"
    path.write_text("".join(f'{key} "{value}";\n' for key, value in lines.items()))
    return path


@with_tools
@pytest.mark.usefixtures("repository")
def test_a_package_is_fetched_and_unpacked_without_root(tmp_path):
    """The files of a package that apt-get knows lie under the folder that is returned."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    tree = debian.unpack("dataset-sample", folder)

    assert (tree / PACKAGE.path).read_bytes() == pack(CONTENT, stamp=7)


@with_tools
@pytest.mark.usefixtures("repository")
def test_a_dataset_is_obtained_from_its_package(tmp_path):
    """An archive without a mirror comes out of its Debian package, accepted by its content."""
    paths = obtain(sample(), tmp_path / "downloads", print)

    assert paths["set.gz"].read_bytes() == pack(CONTENT, stamp=7)
    assert [path.name for path in (tmp_path / "downloads" / "sample").iterdir()] == ["set.gz"]


@with_tools
@pytest.mark.usefixtures("repository")
def test_a_package_that_is_unknown_is_refused_in_the_words_of_apt(tmp_path):
    """What apt-get says is the reason, without its prefix."""
    with pytest.raises(Refused, match=r"^Unable to locate package dataset-none"):
        debian.unpack("dataset-none", tmp_path)


def test_without_the_tools_the_package_is_a_reason_among_others(tmp_path, monkeypatch):
    """On a machine without apt-get the failure says so instead of calling it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HarnessError, match="dataset-sample: apt-get is not on this machine"):
        obtain(sample(), tmp_path / "downloads", print)


def test_an_installed_package_is_found_by_its_path(tmp_path):
    """The file of an installed package is used where it lies, and only when it is there."""
    assert debian.installed(PACKAGE, tmp_path) is None
    path = tmp_path / PACKAGE.path
    path.parent.mkdir(parents=True)
    path.touch()

    assert debian.installed(PACKAGE, tmp_path) == path
