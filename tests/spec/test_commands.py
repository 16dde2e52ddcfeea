"""`harness validate` and `harness schema`, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spec_samples import write_specs

from harness.cli.main import main
from harness.project import Project

ROOT = Project.find(Path(__file__)).root


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small project with no paper, which is the current folder."""
    specs = write_specs(tmp_path)
    (specs / "papers/sums.yaml").unlink()
    for name, old, new in (
        ("config.yaml", "  - papers@papers.sums: sums\n", ""),
        ("profile/reviewer.yaml", "{sums: {seeds: [0, 1, 2]}}", "{}"),
    ):
        text = (specs / name).read_text(encoding="utf-8")
        (specs / name).write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_valid_specs_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing wrong is one line and status 0."""
    assert main(["validate"]) == 0
    assert capsys.readouterr().out == "6 specs, 2 profiles: valid\n"


def test_problems_are_printed_with_status_1(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each problem is a line, and the last line counts them."""
    text = "device: host\nsays: yes\nkind: host\n"
    (project / "specs/device/host.yaml").write_text(text, encoding="utf-8")

    assert main(["validate"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "4 problems in 1 file"
    assert lines[-2].startswith("specs/device/host.yaml:2:7: says: 'yes' has no certain meaning")


def test_problems_as_json_hold_their_parts(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script gets file, line, column, field, value, message and what is allowed."""
    path = project / "specs/device/host.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("samples: 3", "samples: 2"), encoding="utf-8")

    assert main(["validate", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "valid": False,
        "specs": 6,
        "profiles": 2,
        "problems": [
            {
                "file": "specs/device/host.yaml",
                "line": 5,
                "column": 10,
                "field": "samples",
                "value": "2",
                "message": "2 is too small",
                "allowed": "a whole number, at least 3",
            }
        ],
    }


def test_our_own_specs_are_valid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The project ships no spec with a problem."""
    monkeypatch.chdir(ROOT)

    assert main(["validate"]) == 0, capsys.readouterr().out


def test_schemas_are_written_once_and_checked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` fails before the schemas are written and passes after."""
    assert main(["schema", "--check"]) == 1
    assert not (project / "specs/schema").exists()
    assert main(["schema"]) == 0
    assert main(["schema", "--check"]) == 0
    assert capsys.readouterr().out.endswith("every schema is up to date\n")


@pytest.mark.usefixtures("project")
def test_a_schema_and_a_step_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Both print JSON for scripts; a step prints a page for people too."""
    assert main(["schema", "--print", "paper"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Paper"
    assert main(["schema", "--step", "harness.dataset", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "DatasetParams"
    assert main(["schema", "--step", "harness.dataset"]) == 0
    assert "images  arrays" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--print", "papr"], "no schema 'papr'; did you mean 'paper'?"),
        (["--step", "harness.datset"], "no step 'harness.datset'; did you mean 'harness.dataset'?"),
        (["--json"], "--json goes with --step"),
    ],
)
def test_what_cannot_be_printed_is_wrong_use(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown name has a near miss and status 2."""
    assert main(["schema", *arguments]) == 2
    assert message in capsys.readouterr().err
