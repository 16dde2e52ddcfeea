"""Cross-checks of the files: their names, headers and paths, and the list of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_samples import SUMS, change, problems


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  - papers@papers.sums: sums\n", "", "the entry 'papers@papers.sums: sums' is missing"),
        ("sums: sums", "sums: sum", "did you mean 'papers@papers.sums: sums'?"),
        ("profile: smoke", "profile: smok", "there is no profile 'smok'; did you mean 'smoke'?"),
        ("  - _self_\n", "", "stands first; allowed: '_self_' as the first entry"),
        ("made_by", "madeby", "madeby: unknown key 'madeby'; did you mean 'made_by'?"),
        ("edit the specs", "edit", "made_by: 'harness compile from specs/; edit, not this file'"),
        ("  - profile: smoke\n", "", "allowed: 'profile: <name>' as the last entry"),
    ],
)
def test_the_list_of_what_is_composed_is_whole(
    specs: Path, old: str, new: str, message: str
) -> None:
    """Every spec is composed, once, and nothing else is."""
    change(specs, "config.yaml", old, new)

    assert message in problems(specs)


def test_a_spec_that_nothing_composes_is_told(specs: Path) -> None:
    """A new file that config.yaml does not list is not forgotten in silence."""
    host = (specs / "device/host.yaml").read_text(encoding="utf-8")
    (specs / "device/phone.yaml").write_text(host.replace("host", "phone", 1), encoding="utf-8")

    assert "the entry 'device@devices.phone: phone' is missing" in problems(specs)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (SUMS, "paper: sums", "paper: sum", "'sum' is not the name of the file"),
        ("profile/smoke.yaml", "# @package _global_\n", "", "a profile begins with Hydra's header"),
        (SUMS, "paper:", "# @package _global_\npaper:", "is for profiles; take it away"),
        (SUMS, "paper:", "# @package x\npaper:", "is a header of Hydra's that moves the file"),
        (SUMS, "paper:", "# @package _global_\npaper:", "1:1: the header"),
        (
            "environment/torch.yaml",
            "torch.txt",
            "tarch.txt",
            "lock: there is no file 'environments/tarch.txt'",
        ),
        (
            "environment/torch.yaml",
            "environments/torch.txt",
            "/etc/passwd",
            "lock: a path must be relative to the project's folder, not absolute",
        ),
        (
            "environment/torch.yaml",
            "environments/torch.txt",
            "../torch.txt",
            "lock: a path may not leave the project's folder with '..'",
        ),
        (
            "device/host.yaml",
            "kind: host\n",
            (
                "kind: tvm_rpc\nservers: local\ntarget: {kind: llvm}\ntuning: tuning.json\n"
                "deadline_ms: 1\nlink: {latency_ms: 0, bandwidth_mbit: 1}\n"
            ),
            "tuning: there is no file 'tuning.json'; allowed: a record of a tuning",
        ),
    ],
)
def test_a_file_is_what_its_name_says(
    specs: Path, file: str, old: str, new: str, message: str
) -> None:
    """Names, headers and paths of a spec fit the file and the project."""
    change(specs, file, old, new)

    assert message in problems(specs)


def test_a_file_that_cannot_be_read_is_a_problem(specs: Path) -> None:
    """A folder in place of a spec is told like every other problem."""
    (specs / "papers/folder.yaml").mkdir()

    assert "specs/papers/folder.yaml: the file cannot be read: is a directory" in problems(specs)
