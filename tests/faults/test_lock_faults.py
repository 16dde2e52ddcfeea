"""Damaged locks, manifests, plans and state files: each command says the way back, and it works."""

import re
import shlex
import shutil
import sys

import ledger
import pytest
import yaml
from breaking import Breaker, Command

from harness.errors import HarnessError
from harness.stage.lock import read_lock

CLI = "harness.cli.main:main"
STAGE = "harness.stage.__main__:main"
REPRO = Command("repro", CLI, ("repro",))
STATUS = Command("status", CLI, ("status",))
VERIFY = Command("verify", CLI, ("verify",))
CLAIMS = Command("claims", CLI, ("claims",))
MEASURE = Command("measure", CLI, ("measure",))
COSTS = Command("measure --costs", CLI, ("measure", "--costs"))
COMPILE = Command("compile", CLI, ("compile",))
LAUNCHER = Command("launcher", STAGE, ("toy", "total"))
PLANNER = Command("planner", STAGE, ("plan",))
PRELOAD = ("harness.cli.compile", "harness.cli.repro", "harness.cli.measure", "harness.cli.status",
           "harness.cli.verify", "harness.cli.claims", "harness.compose", "harness.spec.files",
           "harness.spec.check", "harness.costs", "harness.plan", "harness.stage.__main__",
           "harness.compiler.replan")  # fmt: skip
DAMAGES = {
    "empty": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    "rubbish": lambda _: b"\x80\xff\x00rubbish\n" * 3,
    "conflict": lambda content: b"<<<<<<< ours\n" + content + b"=======\n>>>>>>> theirs\n",
    "other schema": lambda _: b'{"version": 99, "schema": "9.0"}\n',
}
_LOOKING = (STATUS, VERIFY, CLAIMS)
FILES = {
    "dvc.lock": (*_LOOKING, LAUNCHER),
    "manifest.json": (*_LOOKING, LAUNCHER),
    "params.yaml": (*_LOOKING, PLANNER, COMPILE),
    "dvc.yaml": (*_LOOKING, COMPILE),
    "plan/toy/total.json": (*_LOOKING, LAUNCHER, COMPILE),
    "device_results/smoke/costs.json": (*_LOOKING, COMPILE, COSTS),
    "device_results/smoke/toy/speed/0001.json": (*_LOOKING, MEASURE),
    "results/smoke/verdicts.json": _LOOKING,
    ".dvc/config": _LOOKING,
}
STATE = (
    ".harness/queue", ".harness/failures/smoke/toy/total", ".harness/logs/smoke.jsonl",
    ".harness/compiled/project.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    """Give one copy of the finished project with a driver; every test leaves it as it was."""
    root = tmp_path_factory.mktemp("damaged") / "project"
    shutil.copytree(finished.root, root, symlinks=True)
    (root.parent / "home").mkdir()
    toy = type(finished)(root)
    toy.harness("measure", "--costs", check=0)
    toy.harness("compile", check=0)
    toy.harness("repro", check=0)
    toy.commit()
    breaker = Breaker(root, toy.variables(), PRELOAD)
    yield toy, breaker
    breaker.close()


def damage(path, kind):
    """Damage a file, or put a folder in its place."""
    content = path.read_bytes() if path.is_file() else b""
    if kind == "folder":
        path.unlink(missing_ok=True)
        (path / "inner").mkdir(parents=True)
        (path / "inner" / "file").write_text("?")
    elif kind == "missing":
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DAMAGES[kind](content))


def advice(said):
    """Return the command that a message names last as the way back, the first of its line."""
    for line in reversed(said.splitlines()):
        found = [words for words in re.findall(r"`([^`]+)`", line) if "FILE" not in words]
        found = [words for words in found if words.startswith(("git checkout", "rm ", "harness "))]
        if line.startswith("  ") and found:
            return found[0]
    return ""


def follow(toy, words):
    """Run a command that a message names, as a user would type it."""
    harness = f"{shlex.quote(sys.executable)} -m harness "
    toy.run("sh", "-c", words.replace("harness ", harness, 1) if words[0] == "h" else words)


def told(done):
    """Say what a command came to, having found it no traceback."""
    assert "Traceback" not in done["said"], done["said"]
    assert done["status"] in (0, 1), done
    if done["status"] and advice(done["said"]):
        return f"refused: {advice(done['said'])}"
    return f"status {done['status']}"


@pytest.mark.parametrize("kind", [*DAMAGES, "folder", "missing"])
@pytest.mark.parametrize("name", FILES)
def test_damaged_file_is_told_and_left_alone(project, name, kind):
    """No command ends in a traceback, and those that only look leave what could be mended."""
    toy, breaker = project
    for command in FILES[name]:
        breaker.restore()
        damage(toy.root / name, kind)
        before = breaker.look(command)
        outcome = told(breaker.call(command))

        if command in (*_LOOKING, LAUNCHER):
            after = breaker.look(command)
            assert {path: after.get(path) for path in before} == before
        ledger.enter(ledger.Line("damaged file", f"{name} {kind}", command.name, 1, outcome))
    breaker.restore()


@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, "half") for name in FILES), ("dvc.lock", "folder"), ("manifest.json", "folder"),
     ("dvc.lock", "conflict"), ("dvc.yaml", "missing")],
)  # fmt: skip
def test_way_back_leads_back(project, name, kind):
    """Following the commands that the messages name, as often as they name any, mends it all."""
    toy, breaker = project
    breaker.restore()
    damage(toy.root / name, kind)
    ways = []
    done = breaker.call(REPRO)
    while done["status"] and len(ways) < 3:
        assert "Traceback" not in done["said"], done["said"]
        ways.append(advice(done["said"]))
        assert ways[-1], done["said"]
        follow(toy, ways[-1])
        done = breaker.call(REPRO)

    assert done["status"] == 0, "\n".join([*ways, done["said"]])
    breaker.restore()
    ledger.enter(ledger.Line("damaged file", f"{name} {kind}", "repro", 1,
                             f"mended by {', '.join(ways)}" if ways else "recovers"))  # fmt: skip


@pytest.mark.parametrize("name", STATE)
def test_damaged_state_of_ours_is_no_obstacle(project, name):
    """What the harness keeps only for itself may be damaged in any way: a run goes on."""
    toy, breaker = project
    for kind in ("rubbish", "half"):
        breaker.restore()
        damage(toy.root / name, kind)
        queue = {"HARNESS_QUEUE": str(toy.root / ".harness/queue")}
        done = breaker.call(LAUNCHER if name == ".harness/queue" else STATUS, variables=queue)

        assert done["status"] == 0, done["said"]
    breaker.restore()
    damage(toy.root / name, "rubbish")
    assert breaker.call(REPRO)["status"] == 0
    breaker.restore()
    ledger.enter(ledger.Line("damaged file", f"{name} rubbish", "repro", 1, "recovers"))


def test_no_line_of_a_truncated_lock_is_passed_that_dvc_refuses(finished, tmp_path):
    """Where dvc.lock ends after a line, we refuse it, or DVC can still read it."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA

    whole = (finished.root / "dvc.lock").read_text().splitlines(keepends=True)
    path = tmp_path / "dvc.lock"
    refused = 0
    # Entries have four lines: every third line comes to each of their places.
    for count in range(0, len(whole), 3):
        path.write_text("".join(whole[:count]))
        try:
            read_lock(path)
        except HarnessError:
            refused += 1
            continue
        COMPILED_LOCKFILE_SCHEMA(yaml.load(path.read_text(), yaml.CSafeLoader))

    assert refused > len(whole) // 9
    ledger.enter(ledger.Line("damaged file", "dvc.lock cut after a line", "read", len(whole) // 3,
                             f"{refused} refused, the rest is whole for DVC"))  # fmt: skip
