"""Disk full, quota, I/O error, read-only: at every write operation of every command."""

import subprocess
import sys
from pathlib import Path

import ledger
import pytest
from breaking import WORDS, Breaker, Command, break_everywhere, state
from data.dataset_samples import GOOD, archive, dataset

LAYOUT = {
    "kind": "cifar-binary", "label_bytes": 1, "train": ["set/one.bin"], "test": ["set/test.bin"],
}  # fmt: skip

CLI = "harness.cli.main:main"
PRELOAD = ("harness.cli.compile", "harness.cli.repro", "harness.cli.measure", "harness.cli.schema",
           "harness.compose", "harness.spec.files", "harness.spec.check", "harness.costs",
           "harness.compiler.pipeline", "harness.plan", "hydra", "harness.stage.worker",
           "harness.stage.__main__", "harness.data.step", "harness.cli.data")  # fmt: skip


@pytest.fixture
def breaker(toy):
    """Give the finished project with a driver that breaks its commands."""
    made = []

    def make(preload=PRELOAD):
        made.append(Breaker(toy.root, toy.variables(), preload))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_compile_is_whole_or_says_why(toy, breaker):
    """A compilation broken at any write leaves each file old or new, and the next one mends it."""
    toy.edit("specs/papers/toy.yaml", "epochs: 4", "epochs: 6")
    compilation = Command("compile", CLI, ("compile",))
    operations, tried = break_everywhere(breaker(), compilation, costly=True, per_site=1)

    assert operations >= 18, "params.yaml, a plan and the stamp: six operations each"
    assert tried >= 8


def test_schema_is_whole_or_says_why(toy, breaker):
    """Writing the schemas broken at any write leaves each file old or new."""
    command = Command("schema", CLI, ("schema",))
    operations, tried = break_everywhere(breaker(), command, per_site=2)

    assert operations >= 12
    assert tried >= 12


def test_documents_are_whole_or_say_why(toy, breaker):
    """Writing the generated pages broken at any write leaves each file old or new."""
    toy.root.joinpath("README.md").write_text("<!-- begin costs -->\nold\n<!-- end costs -->\n")
    toy.root.joinpath("docs").mkdir()
    command = Command("documents", "harness.documents.__main__:main", ())
    operations, tried = break_everywhere(breaker(), command, per_site=2)

    assert operations >= 12
    assert tried >= 12


def test_worker_is_whole_or_says_why(toy, breaker):
    """A step broken at any write says so in its refusal, and the next run of it ends well."""
    words = ("plan/toy/numbers.json", ".harness/step", "0")
    command = Command("worker", "harness.stage.worker:main", words, (words[1] + "/check",))
    operations, tried = break_everywhere(breaker(), command, per_site=2, costly=True)

    assert operations >= 40
    assert tried >= 12


def test_stage_is_whole_or_says_why(toy, breaker):
    """A stage broken at any write of its launcher leaves no half output, and runs again."""
    toy.run("rm", "-r", "artifacts/smoke/toy/total", check=0)  # as DVC does before a stage
    command = Command("stage", "harness.stage.__main__:main", ("toy", "total"))
    operations, tried = break_everywhere(breaker(), command, per_site=1, costly=True)

    assert operations >= 15
    assert tried >= 12


def test_measuring_is_whole_or_says_why(toy, breaker):
    """A measurement broken at any write leaves the old records as they were."""
    aside = ("device_results/smoke/toy/speed/0002.json",)
    command = Command("measure", CLI, ("measure",), aside, (0, 1))
    operations, tried = break_everywhere(breaker(), command, per_site=1, costly=True)

    assert operations >= 8
    assert tried >= 8


def test_costs_are_whole_or_say_why(toy, breaker):
    """Recording the costs broken at any write leaves the old record or the new one."""
    command = Command("measure --costs", CLI, ("measure", "--costs"))
    _, tried = break_everywhere(breaker(), command)

    assert tried >= 12


def test_adopting_is_whole_or_says_why(toy, breaker):
    """An archive adopted while any write is broken is here whole, or not at all."""
    files = {"kind": "archives", "files": [archive("set.tar.gz", GOOD)]}
    sample = dataset(source=files, format=LAYOUT, access="manual")
    place = toy.root / "specs/dataset/sample.yaml"
    place.parent.mkdir()
    place.write_text(sample.model_dump_json(exclude_none=True))
    (toy.root.parent / "set.tar.gz").write_bytes(GOOD)
    words = ("data", "adopt", "sample", str(toy.root.parent / "set.tar.gz"))
    operations, tried = break_everywhere(breaker(), Command("data adopt", CLI, words))

    assert operations >= 8
    assert tried >= 20


def test_reproduction_s_own_writes_are_whole_or_say_why(toy, breaker):
    """`harness repro` broken at any write of its own leaves the results, and runs again."""
    command = Command("repro", CLI, ("repro",))
    operations, tried = break_everywhere(breaker(), command, per_site=1, costly=True)

    assert operations >= 20
    assert tried >= 10


def test_verification_tells_a_disk_that_cannot_be_written(breaker):
    """`harness verify` only marks that it reads: it answers on a read-only disk, or says why."""
    operations, tried = break_everywhere(breaker(), Command("verify", CLI, ("verify",)))

    assert operations >= 4
    assert tried >= 8


@pytest.mark.parametrize(
    "words",
    [
        ("status",), ("claims",), ("validate",), ("env",), ("data",),
        ("compile", "--check"), ("schema", "--check"),
    ],
)  # fmt: skip
def test_a_command_that_only_tells_writes_nothing(toy, breaker, words):
    """Commands that answer a question make no write operation, so no disk can fail them."""
    done = breaker().call(Command(words[0], CLI, words))

    assert done["sites"] == []
    assert "Traceback" not in done["said"]
    ledger.enter(ledger.Line("write", "any", " ".join(words), 1, "writes nothing"))


@pytest.mark.parametrize("words", [("status",), ("claims",), ("verify",), ("env",)])
def test_full_disk_behind_the_output_is_told(toy, words):
    """A command whose output cannot be written says so and ends with status 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "harness", *words], cwd=toy.root, env=toy.variables(),
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith(f"harness {words[0]}: No space left on device")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    ledger.enter(ledger.Line("write", WORDS["ENOSPC"], f"{words[0]} > /dev/full", 1,
                             "refused: message, status 1"))  # fmt: skip


MOUNTS = subprocess.run(
    ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
)  # fmt: skip
no_mounts = pytest.mark.skipif(
    MOUNTS.returncode != 0, reason="this machine lets nobody mount: unshare -rm"
)


def mounted(toy, mount, *words):
    """Run a command of the harness behind a mount that only it sees."""
    line = f"cd / && {mount} && cd {toy.root} && exec {sys.executable} -m harness {' '.join(words)}"
    return toy.run("unshare", "-rm", "sh", "-c", line)


@no_mounts
def test_read_only_project_is_read_and_a_write_is_told(toy):
    """On a file system that is truly read-only questions are answered and a write is refused."""
    toy.edit("specs/papers/toy.yaml", "epochs: 4", "epochs: 6")
    mount = f"mount --bind {toy.root} {toy.root} && mount -o remount,bind,ro {toy.root}"
    before = state(toy.root)

    assert mounted(toy, mount, "verify").returncode == 0
    assert mounted(toy, mount, "claims").returncode == 0
    done = mounted(toy, mount, "compile")

    assert done.returncode == 1
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr
    assert state(toy.root) == before
    ledger.enter(ledger.Line("write", "read-only mount", "compile", 1, "refused: old state"))


@no_mounts
def test_full_tmpfs_is_told_and_leaves_no_temporary(toy):
    """On a disk that is truly full a compilation is refused, and what was written is whole."""
    toy.edit("specs/papers/toy.yaml", "epochs: 4", "epochs: 6")
    plan = toy.root / "plan"
    # The plans on a disk of one page, which the directory's own files fill.
    mount = f"mount -t tmpfs -o size=4k none {plan} && head -c 4096 /dev/zero > {plan}/full"
    done = mounted(toy, mount, "compile")

    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    ledger.enter(ledger.Line("write", "full tmpfs", "compile", 1, "refused: message, status 1"))
