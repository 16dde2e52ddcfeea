"""A project without git: DVC is told, and told again when there is git."""

import subprocess

from harness.unversioned import tell_dvc


def test_dvc_is_told_that_there_is_no_git(tmp_path):
    """Without git DVC is told so, beside what its local configuration holds already."""
    config = tmp_path / ".dvc" / "config.local"
    config.parent.mkdir()
    config.write_text("['remote \"ours\"']\n    url = /a/place\n[cache]\n    dir = there\n")

    tell_dvc(tmp_path)

    text = config.read_text()
    assert "no_scm = true" in text
    assert "dir = there" in text
    assert "['remote \"ours\"']" in text


def test_dvc_is_told_when_git_is_there_again(tmp_path):
    """In a project that was put under git after all, DVC uses it again."""
    (tmp_path / ".dvc").mkdir()
    tell_dvc(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    tell_dvc(tmp_path)

    assert "no_scm" not in (tmp_path / ".dvc" / "config.local").read_text()


def test_nothing_is_written_where_git_is(tmp_path):
    """A project under git gets no local configuration from us."""
    (tmp_path / ".dvc").mkdir()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    tell_dvc(tmp_path)

    assert not (tmp_path / ".dvc" / "config.local").exists()


def test_damaged_configuration_is_left_to_dvc(tmp_path):
    """A configuration that cannot be read is not overwritten."""
    config = tmp_path / ".dvc" / "config.local"
    config.parent.mkdir()
    config.write_text("no section\n")

    tell_dvc(tmp_path)

    assert config.read_text() == "no section\n"
