"""Overrides, profiles and parameters that ask Hydra for more than a value."""

from pathlib import Path

import pytest
import yaml
from messages import tell
from spec_samples import PROFILE, STEPS

from harness.cli.main import main
from harness.compiler.replan import replan
from harness.compiler.target import Target
from harness.compose import compose
from harness.errors import HarnessError, UsageError
from harness.project import Project
from harness.spec import reader
from harness.spec.check import check_specs
from harness.spec.problem import render

ROOT = Path(__file__).parents[2]
TITLE = "papers.sums.title"
SECRET = "hunter2-the-planted-secret"  # noqa: S105 - it is planted

OVERRIDES = {
    "a variable of the shell": f"{TITLE}=${{oc.env:PLANTED}}",
    "a variable of the shell, in quotes": f"{TITLE}='${{oc.env:PLANTED}}'",
    "an escaped interpolation": f"{TITLE}='\\${{oc.env:PLANTED}}'",
    "a decoded value": f"{TITLE}=${{oc.decode:'[1,2]'}}",
    "a created value": "+papers.sums.x=${oc.create:{a: 1}}",
    "a resolver of its own": f"{TITLE}=${{run:id}}",
    "an interpolation inside an interpolation": f"{TITLE}=${{oc.env:${{oc.env:HOME}}}}",
    "another value of the tree": f"{TITLE}=${{papers.sums.paper}}",
    "a value that is missing": f"{TITLE}=???",
    "something to be called": "+papers.sums._target_=os.system",
    "something to be called, in a mapping": "++papers.sums.constants={_target_: os.system}",
    "a profile outside the specs": "profile=../../outside",
    "a profile from the root of the specs": "profile=/../../outside",
    "a profile of another package": "profile=pkg://outside",
    "a profile at an address": "profile=file:///outside",
    "two profiles": "profile=[smoke,reviewer]",
    "no profile": "profile=null",
    "the profile's own card": "+profile.rank=9",
    "a file outside as a paper": "+papers@papers.x=../../outside",
    "another place for a paper": "papers@papers.sums:papers.x=sums",
    "hydra's search path": "hydra.searchpath=[file:///tmp]",
    "hydra's folder": "hydra.run.dir=/outside/it",
    "a group of hydra's": "+hydra/launcher=basic",
    "hydra's mode": "hydra.mode=MULTIRUN",
    "who made it": "made_by=me",
    "a key at the root": "+x=1",
    "several values": "papers.sums.seeds=choice(1,2)",
    "names of files": f"{TITLE}=glob(*)",
    "a number that is infinite": "papers.sums.stages.numbers.params.rate=inf",
    "a number that is none": "papers.sums.stages.numbers.params.rate=nan",
    "a number of a hundred digits": f"papers.sums.stages.numbers.params.count={'9' * 100}",
    "brackets without end": f"{TITLE}={'[' * 2_000}",
    "levels without end": f"+papers.sums.x={'[' * 60}{']' * 60}",
    "a megabyte": f"{TITLE}={'x' * 1_000_000}",
    "a terminal sequence": f"{TITLE}=\x1b]52;c;aGk=\x07",
    "a mark of direction": f"{TITLE}='a\u202eb'",
    "nothing": "",
    "an option": "--multirun",
    "a password in an address": "+papers.sums.publications.talk.repository='https://u:pw@a.example'",
}  # fmt: skip


@pytest.fixture
def outside(specs, monkeypatch):
    """Put a file that Hydra would like beside the project, and a secret into the shell."""
    text = PROFILE.format(name="smoke", rank=9, papers="{sums: {title: from outside}}")
    (specs.parents[1] / "outside.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PLANTED", SECRET)
    return specs


def contents(folder):
    """Return the bytes of every file under a folder, but for the harness's own state."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".harness" not in path.parts)
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize("attack", OVERRIDES)
def test_an_override_changes_a_value_and_nothing_else(outside, monkeypatch, capsys, attack):
    """Nothing is resolved, loaded or moved; the message names the override, the status is not 0."""
    (outside.parent / "reproductions/sums").mkdir(parents=True)
    monkeypatch.setattr("harness.registry.registry", lambda _: STEPS)
    monkeypatch.chdir(outside.parent)
    before = contents(outside.parents[1])

    status = main(["compile", "--", OVERRIDES[attack]])

    said = capsys.readouterr()
    assert status in (1, 2), said
    assert SECRET not in said.out + said.err
    assert contents(outside.parents[1]) == before
    tell(f"override: {attack}", said.err, outside.parent)


@pytest.mark.parametrize(
    "text",
    [
        f"{TITLE}=Other sums",
        f"{TITLE}='a $ sign, {{braces}} and \"quotes\"'",
        "papers.sums.seeds=[3,4]",
        "++papers.sums.stages.numbers.params.rate=0.5",
        "~papers.sums.claims.on-a-phone",
        "profile=reviewer",
    ],
)
def test_an_override_that_changes_a_value_is_taken(specs, text):
    """What the documents show stays possible."""
    composed = compose(specs, [text])

    assert composed.tree != compose(specs, []).tree
    assert composed.tree["papers"]["sums"]["paper"] == "sums"


def test_composing_refuses_by_itself(outside):
    """The check belongs to composing, not to one command."""
    with pytest.raises(UsageError, match="holds an interpolation"):
        compose(outside, [f"{TITLE}=${{oc.env:PLANTED}}"])


PROFILES = {
    "an interpolation": "{sums: {title: '${oc.env:PLANTED}'}}",
    "something to be called": "{sums: {stages: {numbers: {params: {_target_: os.system}}}}}",
    "an alias": "{sums: &a {title: x}, more: *a}",
    "another paper": "{other: {title: x}}",
    "a merge key": "{sums: {<<: {title: x}}}",
}


@pytest.mark.parametrize("attack", PROFILES)
def test_a_profile_is_read_as_strictly_as_a_paper(outside, attack):
    """A profile, too, holds plain values alone."""
    text = PROFILE.format(name="smoke", rank=0, papers=PROFILES[attack])
    (outside / "profile/smoke.yaml").write_text(text, encoding="utf-8")

    tell(f"profile: {attack}", render(check_specs(outside, STEPS).problems))


ENTRIES = {
    "a file outside": "papers@papers.x: ../../outside",
    "a file from the root": "papers@papers.x: /../../outside",
    "a package": "papers@papers.x: pkg://outside",
    "an address": "papers@papers.x: file:///outside",
    "a group of hydra's": "override hydra/launcher: basic",
    "an interpolation": "papers@papers.x: ${oc.env:PLANTED}",
    "the root of the tree": "papers@_global_: sums",
    "an optional file": "optional papers@papers.x: sums",
    "a number": "papers@papers.x: 3",
}


@pytest.mark.parametrize("attack", ENTRIES)
def test_the_list_of_what_is_composed_names_specs_alone(outside, attack):
    """An entry that is no spec of the project is refused where it stands."""
    config = (outside / "config.yaml").read_text(encoding="utf-8")
    entry = f"  - {ENTRIES[attack]}\n  - profile"
    (outside / "config.yaml").write_text(config.replace("  - profile", entry), encoding="utf-8")

    tell(f"config: {attack}", render(check_specs(outside, STEPS).problems))


def test_hydras_own_settings_are_no_part_of_the_config(outside):
    """`hydra:` in the config is an unknown key, whatever it says."""
    with (outside / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("hydra: {searchpath: ['file:///tmp'], job: {chdir: true}}\n")

    tell("config: hydra's search path", render(check_specs(outside, STEPS).problems))


PARAMS = {
    "an interpolation": ("title: A paper about sums", "title: ${oc.env:PLANTED}"),
    "an alias bomb": ("profile:", "x: &a [b, b]\ny: [*a, *a]\nprofile:"),
    "a tag": ("title: A paper", "title: !!python/object/apply:os.system [id]\n    #"),
    "a call of Hydra's": ("count: 5", "count: 5\n          _target_: os.system"),
    "another step": ("step: sums.draw", "step: os.system"),
    "a path as a name": ("paper: sums", "paper: ../../outside"),
    "a profile that is a path": ("  name: smoke", "  name: ../../outside"),
    "an infinite number": ("count: 5", "count: .inf"),
    "a list": ("made_by", "- made_by"),
    "levels without end": ("authors:", f"x: {'[' * 999}\n    authors:"),
    "a lock outside": ("lock: environments/harness.txt", "lock: ../outside.txt"),
    "code as a module": ("says: Where", 'imports: ["os; id"]\n    says: Where'),
    "a library to load first": ("says: Where", "variables: {LD_PRELOAD: x.so}\n    says: Where"),
}  # fmt: skip


@pytest.mark.parametrize("attack", PARAMS)
def test_parameters_changed_by_hand_are_read_as_strictly(outside, monkeypatch, attack):
    """`dvc repro` plans nothing from a params.yaml that no spec could have made."""
    monkeypatch.setattr("harness.registry.registry", lambda _: STEPS)
    root = outside.parent
    text = compose(outside, []).text
    old, new = PARAMS[attack]
    assert old in text
    (root / "params.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    before = contents(root)

    with pytest.raises(HarnessError) as caught:
        replan(Target(Project(root)))

    assert contents(root) == before
    assert SECRET not in str(caught.value)
    tell(f"params.yaml: {attack}", str(caught.value), root)


def test_the_parameters_that_are_written_are_read_back_the_same():
    """The strict reader and PyYAML agree about our params.yaml."""
    content = (ROOT / "params.yaml").read_bytes()

    assert reader.load("params.yaml", content).tree == yaml.safe_load(content)
