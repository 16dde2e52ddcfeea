"""MD5s as DVC computes them."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.stage.digest import dvc_md5, sha256
from harness.stage.lock import read_lock

DVC = str(Path(sys.executable).parent / "dvc")


@pytest.fixture
def locked(tmp_path):
    """Give a DVC project whose one stage wrote a file and a folder."""
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  make:\n    cmd: mkdir -p out/deep && echo a > out/deep/b.txt && "
        "echo c > out/c && echo d > one\n    outs: [out, one]\n"
    )
    for words in (["init", "--no-scm", "-q"], ["repro", "-q"]):
        subprocess.run([DVC, *words], cwd=tmp_path, check=True)
    return tmp_path


def test_file_and_folder_have_the_digests_that_dvc_records(locked):
    """Our MD5 of a file and of a folder is the one that DVC writes to dvc.lock."""
    outs = read_lock(locked / "dvc.lock")["make"].outs

    assert outs == {"out": dvc_md5(locked / "out"), "one": dvc_md5(locked / "one")}


def test_missing_path_has_no_digest(tmp_path):
    """A path that does not exist has no MD5."""
    assert dvc_md5(tmp_path / "nothing") is None


def test_folder_digest_sees_names_and_bytes(tmp_path):
    """The SHA-256 of a folder changes with a file's name and with its bytes."""
    (tmp_path / "a").write_text("1")
    first = sha256(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = sha256(tmp_path)
    (tmp_path / "b").write_text("2")

    assert len({first, renamed, sha256(tmp_path)}) == 3
