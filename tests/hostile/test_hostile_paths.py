"""Names and paths that lead out of the project, wherever one can be written."""

import json
from pathlib import Path

import pytest
from messages import tell
from record_samples import record
from spec_samples import PAPER, STEPS

from harness.compiler.target import Target
from harness.devices import store
from harness.errors import HarnessError, UsageError
from harness.project import Project
from harness.spec.check import check_specs
from harness.spec.problem import render
from harness.stage.lock import read_lock
from harness.stage.manifest import read_manifest
from harness.stage.place import check_relative, refuse_outside
from harness.stage.planned import PlannedStage

ROOT = Path(__file__).parents[2]
PATHS = ("../outside", "/etc/passwd", "~/x", "..\\x", "a\0b", ".git/hooks", ".dvc/config", "C:\\x")

SPECS = {
    "a paper": ("paper: sums", "paper: ../../outside"),
    "a stage": ("  total:\n    step", "  ../../outside:\n    step"),
    "a stage like an option": ("  total:\n    step", "  --force:\n    step"),
    "a stage of git": ("  total:\n    step", "  .git:\n    step"),
    "a table": ("tables:\n  totals:", "tables:\n  ../outside:"),
    "a figure": ("figures:\n  dots:", "figures:\n  /outside/it:"),
    "a claim": ("  large-sum:", "  ../large-sum:"),
    "a column": ("      size: {heading", "      ../size: {heading"),
    "a step": ("step: sums.draw", "step: os.path:join"),
    "an input": ("numbers: numbers.values}\n    dev", "numbers: ../numbers.values}\n    dev"),
    "a seed": ("seeds: [0, 1]", "seeds: [../0]"),
    "a negative seed": ("seeds: [0, 1]", "seeds: [-1]"),
    "a device": ("device: host", "device: ../../outside"),
    "a record": ("device: host", 'device: host\n    record: "../1"'),
    "an environment": ("environment: torch", "environment: ../torch"),
    "a profile to decide": ("decided_from: reviewer", "decided_from: ../reviewer"),
    "a unit that is code": ("unit: kilobyte", "unit: __import__('os')"),
    "a unit that never ends": ("unit: kilobyte", "unit: 9**9**9**9**9"),
    "a unit with markup": ("unit: kilobyte", "unit: byte<script>"),
    "an identifier that is a path": ('arxiv: "2001.00001"', "arxiv: ../../x"),
    "a page that is a file": ('arxiv: "2001.00001"', "repository: file:///etc/passwd"),
    "a page that is a script": ('arxiv: "2001.00001"', 'repository: "javascript:alert(1)"'),
    "a page with a password": ('arxiv: "2001.00001"', "repository: https://me:pass@a.example/x"),
}


@pytest.mark.parametrize("attack", SPECS)
def test_a_name_in_a_spec_is_no_path(specs, attack):
    """What becomes a folder, a file, a stage or an argument is a plain name."""
    old, new = SPECS[attack]
    assert old in PAPER
    (specs / "papers/sums.yaml").write_text(PAPER.replace(old, new, 1), encoding="utf-8")

    lines = render(check_specs(specs, STEPS).problems).splitlines()
    tell(f"name in a spec: {attack}", "\n".join(lines[:3]))


@pytest.mark.parametrize("name", ["../x.yaml", "-x.yaml", ".hidden.yml", "CON.yaml", "a b.yaml"])
def test_a_file_of_another_name_is_no_spec(specs, name):
    """Files whose names are no names are refused, or hidden and not read at all."""
    (specs / "papers" / name).write_text(PAPER, encoding="utf-8")

    told = render(check_specs(specs, STEPS).problems)
    assert "is not a name" in told or told == "0 problems in 0 files"


@pytest.mark.parametrize("path", PATHS)
def test_a_lock_outside_is_refused(specs, path):
    """The lock of an environment lies in the project."""
    file = specs / "environment/torch.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("environments/torch.txt", json.dumps(path))
    file.write_text(text, encoding="utf-8")

    lines = render(check_specs(specs, STEPS).problems).splitlines()
    tell(f"lock of an environment: {path!r}", "\n".join(lines[:2]))


@pytest.mark.parametrize("path", [*PATHS, "a/../b", "./../x", "a\nb"])
def test_a_path_that_leads_elsewhere_is_none(path):
    """The one rule for paths, for specs, plans and manifests alike."""
    with pytest.raises(ValueError, match="a path"):
        check_relative(path)


def test_a_path_inside_is_taken():
    """Dots inside names, and names that begin like git's folder, are no attack."""
    for path in ("a/b.c", "a..b/c", ".github/x", "a/.gitignore", "environments/x-1.txt"):
        assert check_relative(path) == path


INTO = (
    "../outside", "/etc", "a/../../b", "a;touch canary", "$(touch canary)", "a b", "-x", "~", ".",
    ".git", ".dvc/tmp", "harness", "specs/papers", "Results", "a//b", "a\\b", "a\nb", "`id`", "*",
    "${x}",
)  # fmt: skip


@pytest.mark.parametrize("folder", INTO)
def test_a_compilation_goes_into_a_plain_folder_of_the_project(specs, folder):
    """The folder stands in the commands of dvc.yaml: nothing that a shell understands is taken."""
    with pytest.raises(UsageError) as caught:
        Target.in_folder(Project(specs.parent), folder)

    tell(f"--into: {folder!r}", str(caught.value), specs.parent)


def test_a_compilation_goes_through_no_link(specs, tmp_path):
    """A folder that is a link out of the project is refused; a plain one is taken."""
    (specs.parent / "profiles").symlink_to(tmp_path)
    with pytest.raises(HarnessError) as caught:
        Target.in_folder(Project(specs.parent), "profiles/x")

    tell("--into: a link", str(caught.value), specs.parent, tmp_path)
    assert Target.in_folder(Project(specs.parent), "runs/x").folder == "runs/x"


PLANS = {
    "code of somebody else's": {"run": "os:system"},
    "a path as the paper": {"paper": "../../outside"},
    "a path as the stage": {"stage": "../x"},
    "a path as the profile": {"profile": "../../outside"},
    "an option as the stage": {"stage": "-c"},
    "no parameters": {"params": []},
    "seeds that are text": {"seeds": ["../0"]},
    "code outside": {"code": ["../../etc/passwd"]},
    "an output outside": {"outputs": {"o": {"path": "../../outside"}}},
    "an output over the code": {"outputs": {"o": {"path": "harness/cli/main.py"}}},
    "an output over everything": {"outputs": {"o": {"path": "results"}}},
    "an output of git": {"outputs": {"o": {"path": "results/.git/config"}}},
    "an output with a path behind the seed": {"outputs": {"o": {"suffix": "/../../x"}}},
    "an input outside": {"inputs": {"i": {"path": "/etc/passwd"}}, "writers": {"i": "x"}},
    "an input of nobody": {"inputs": {"i": {}}, "writers": {}},
    "a lock outside": {"environment": {"lock": "/etc/passwd"}},
    "an environment outside": {"environment": {"name": "../../bin"}},
    "another Python": {"environment": {"python": "/opt/evil"}},
    "code as a module": {"environment": {"imports": ["os;os.system('id')"]}},
    "a variable that is a command": {"environment": {"variables": {"A=B;id": "x"}}},
    "a variable that is no text": {"environment": {"variables": {"A": 1}}},
    "a key that is unknown": {"shell": "id"},
}


def _plan():
    """Return a small plan as it is written."""
    path = next((ROOT / "plan").glob("*/report.json"))
    plan = json.loads(path.read_bytes())
    artifact = {"kind": "rows", "path": "results/x/y", "suffix": "", "seeds": [], "in_git": True}
    return {**plan, "inputs": {}, "writers": {}, "outputs": {"o": artifact}}, artifact


@pytest.mark.parametrize("attack", PLANS)
def test_a_plan_changed_by_hand_is_refused(tmp_path, attack):
    """A plan leads to no other code and to no file outside the folders of results."""
    plan, artifact = _plan()
    changed = {}
    for key, value in PLANS[attack].items():
        if key in ("inputs", "outputs"):
            changed[key] = {name: {**artifact, **item} for name, item in value.items()}
        else:
            changed[key] = {**plan[key], **value} if key == "environment" else value
    path = tmp_path / "plan" / plan["paper"] / f"{plan['stage']}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(plan), encoding="utf-8")
    assert PlannedStage.read(path).address == f"{plan['paper']}/{plan['stage']}"
    path.write_text(json.dumps({**plan, **changed}), encoding="utf-8")

    with pytest.raises(HarnessError) as caught:
        PlannedStage.read(path)

    tell(f"plan: {attack}", str(caught.value), tmp_path)


def test_a_plan_stands_at_its_own_place(tmp_path):
    """A plan that was copied over another one is noticed."""
    plan, _ = _plan()
    path = tmp_path / "toy/total.json"
    path.parent.mkdir()
    path.write_text(json.dumps(plan), encoding="utf-8")

    with pytest.raises(HarnessError) as caught:
        PlannedStage.read(path)

    tell("plan: at another one's place", str(caught.value), tmp_path)


MANIFEST = {"size": 1, "sha256": "0" * 64, "md5": "0" * 32}


@pytest.mark.parametrize("path", [*PATHS, "results/../../x"])
def test_a_manifest_names_files_of_the_project(tmp_path, monkeypatch, path):
    """Nothing that a manifest names outside is read, or repaired."""
    monkeypatch.chdir(tmp_path)
    entry = {"environment": "harness", "cpu": "x", "key": "x", "files": {path: MANIFEST}}
    (tmp_path / "manifest.json").write_text(json.dumps({"a-b": entry}), encoding="utf-8")

    with pytest.raises(HarnessError) as caught:
        read_manifest(tmp_path / "manifest.json")

    tell(f"manifest: {path!r}", str(caught.value), tmp_path)


@pytest.mark.parametrize("md5", ["../../../../etc/passwd", "aa/etc/passwd", "x" * 32, "0" * 31])
def test_a_lock_names_objects_of_the_cache(tmp_path, monkeypatch, md5):
    """An MD5 becomes a path in DVC's cache: it is one, or the lock is refused."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "dvc.lock"
    path.write_text(
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n"
        f"    - path: results/x\n      hash: md5\n      md5: {md5}\n      size: 3\n"
    )

    with pytest.raises(HarnessError) as caught:
        read_lock(path)

    tell(f"dvc.lock: an MD5 of {md5!r}", str(caught.value), tmp_path)


def test_a_record_is_added_inside(tmp_path):
    """Records are not written through a link out of the project."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root/device_results").symlink_to(tmp_path / "outside")

    with pytest.raises(HarnessError) as caught:
        store.add(tmp_path / "root", "smoke", record())

    assert not list((tmp_path / "outside").iterdir())
    tell("record: a link in place of the folder", str(caught.value), tmp_path)


def test_links_inside_the_project_are_followed(tmp_path):
    """Only what leads out is refused."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")

    refuse_outside(tmp_path, "b/c/d", "x")
