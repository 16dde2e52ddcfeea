"""The documents: their links, their generated parts, and what may not stand in them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from documents_samples import DOCUMENTS, ROOT, text

from harness.documents.__main__ import main
from harness.documents.marked import replaced
from harness.documents.pages import pages
from harness.errors import HarnessError
from harness.project import Project
from harness.spec.files import SpecFiles

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(name: str) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text(name), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_relative_links_lead_somewhere(name: str) -> None:
    """Each relative link and image exists, and so does the heading that it names."""
    for link in _LINK.findall(text(name)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), f"{name}: {link}"
        if anchor:
            assert anchor in anchors(str(target.resolve().relative_to(ROOT))), f"{name}: {link}"


def test_generated_parts_are_fresh() -> None:
    """The cost table and the page of the spec language are those of today's specs and models.

    When this fails, run `python -m harness.documents`.
    """
    for name, fresh in pages(Project(ROOT)).items():
        assert text(name) == fresh, f"{name} is stale: run python -m harness.documents"


def test_check_says_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` names what is stale with status 1 and writes nothing; without it, it is written."""
    for part in ("specs", "plan", "reproductions", "README.md"):
        (tmp_path / part).symlink_to(ROOT / part)
    (tmp_path / "README.md").unlink()
    (tmp_path / "README.md").write_text(
        "<!-- begin costs -->\nold\n<!-- end costs -->\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)

    assert main(["--check"]) == 1
    assert capsys.readouterr().out == "README.md: stale\ndocs/spec-language.md: stale\n"
    assert not (tmp_path / "docs").exists()
    assert main([]) == 0
    assert main(["--check"]) == 0


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "<!-- begin costs -->\n",
        "<!-- end costs -->\n<!-- begin costs -->\n",
        "<!-- begin costs -->\n<!-- end costs -->\n" * 2,
    ],
)
def test_lost_marks_are_refused(broken: str) -> None:
    """A document without its marks, or with two pairs, is refused instead of guessed at."""
    with pytest.raises(HarnessError, match="begin costs"):
        replaced(broken, "costs", "new\n")


def test_every_document_is_reached_from_the_readme() -> None:
    """Each page under docs/ is linked from the README."""
    pages_of_docs = [name for name in DOCUMENTS if name.startswith("docs/")]

    assert [name for name in pages_of_docs if f"]({name})" not in text("README.md")] == []


def test_no_path_of_a_machine() -> None:
    """No document names a home folder, a temporary folder or a host without a public name."""
    for name in [*DOCUMENTS, "Dockerfile", "CITATION.cff", ".pre-commit-config.yaml"]:
        assert not re.search(r"/(home/(?!reader)|Users|tmp|root|opt)\b|localhost", text(name)), name


def test_licence_is_stated_alike() -> None:
    """LICENSE, pyproject.toml, CITATION.cff and the README name the same licence."""
    assert text("LICENSE").split("\n", 3)[1].strip() == "Apache License"
    assert 'license = "Apache-2.0"' in text("pyproject.toml")
    assert "license: Apache-2.0" in text("CITATION.cff")
    assert "[Apache-2.0](LICENSE)" in text("README.md")


def test_version_is_stated_alike() -> None:
    """pyproject.toml and CITATION.cff state the same version."""
    (version,) = re.findall(r'^version = "(.*)"$', text("pyproject.toml"), re.MULTILINE)

    assert f"\nversion: {version}\n" in text("CITATION.cff")


def test_changelog_has_the_headings_of_its_form() -> None:
    """The changelog begins with what is unreleased, under the usual headings, in sentences."""
    changelog = text("CHANGELOG.md")

    assert "## [Unreleased]" in changelog
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", changelog, re.MULTILINE)) <= kinds
    entries = re.findall(r"^- ((?:.|\n  )*)$", changelog, re.MULTILINE)
    assert all(entry.endswith(".") for entry in entries)


def test_hooks_run_what_make_check_runs() -> None:
    """Each check of `make check` is a hook as well."""
    hooks = text(".pre-commit-config.yaml")
    checks = text("Makefile").partition("\ncheck:")[2].partition("\n\n")[0]
    wanted = re.findall(r"@\$\(BIN\)/(\w+(?: [a-z]\w*)?)", checks)

    assert wanted
    assert [check for check in wanted if f"entry: .venv/bin/{check}" not in hooks] == []


def test_readme_knows_every_profile_and_environment() -> None:
    """Each profile has a row in the README, and each environment stands with its own class."""
    readme = text("README.md")
    specs = SpecFiles.read(ROOT / "specs")

    assert [name for name in specs.profiles if f"| `{name}` |" not in readme] == []
    told = dict(re.findall(r"`(bytes|fingerprint)`: [^(`]*\(([^)]*)\)", readme))
    classes: dict[str, list[str]] = {"bytes": [], "fingerprint": []}
    for name, environment in specs.environments().items():
        classes[environment.equality].append(name)
    assert {key: sorted(told[key].split(", ")) if key in told else [] for key in classes} == classes


def test_nothing_that_git_ignores_is_linked() -> None:
    """What the documents link to is part of a clone."""
    links = {
        (ROOT / name).parent.joinpath(link.partition("#")[0]).resolve()
        for name in DOCUMENTS
        for link in _LINK.findall(text(name))
        if "://" not in link and not link.startswith("#")
    }
    done = subprocess.run(
        ["git", "check-ignore", *map(str, links)], cwd=ROOT, capture_output=True, check=False
    )

    assert done.stdout == b""
