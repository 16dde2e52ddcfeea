"""Composing the specs as Hydra does, and knowing where each value came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from spec_samples import PROFILE, STEPS, write_specs

from harness.project import Project
from harness.spec.check import check_composition
from harness.spec.composition import Locator, merge
from harness.spec.config_check import profile_problems
from harness.spec.files import SpecFiles
from harness.spec.problem import SpecErrors

OURS = Project.find(Path(__file__)).specs


def hydra(specs: Path, *overrides: str) -> object:
    """Return what Hydra composes."""
    with initialize_config_dir(str(specs), version_base=None):
        return OmegaConf.to_container(compose("config", overrides=list(overrides)))


@pytest.mark.parametrize("profile", sorted(path.stem for path in (OURS / "profile").glob("*")))
def test_our_specs_compose_as_hydra_composes_them(profile: str) -> None:
    """Our merge gives Hydra's tree, with its order of keys, for every profile."""
    expected = hydra(OURS, f"profile={profile}")

    assert json.dumps(merge(SpecFiles.read(OURS), profile)) == json.dumps(expected)


NAMES = st.sampled_from(["title", "stages", "numbers", "params", "count", "seeds", "claims"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["x", ""]))
VALUES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=2) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_change_of_a_profile_merges_as_in_hydra(specs: Path, changes: object) -> None:
    """Mappings merge, all else replaces, null included; what Hydra cannot merge is a problem."""
    papers = yaml.safe_dump({"sums": changes}, default_flow_style=True, width=10_000).strip()
    profile = PROFILE.format(name="smoke", rank=0, papers=papers)
    (specs / "profile/smoke.yaml").write_text(profile, encoding="utf-8")

    files = SpecFiles.read(specs)
    try:
        expected = hydra(specs)
    except ConfigCompositionException:
        assert list(profile_problems(files))
        return

    assert json.dumps(merge(files, "smoke")) == json.dumps(expected)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("papers", "sums", "title"), "specs/papers/sums.yaml:2:8 title"),
        (("papers", "sums", "seeds", 2), "specs/profile/reviewer.yaml:4:31 papers.sums.seeds[2]"),
        (("papers", "sums", "stages", "numbers", "params", "count"), "override"),
        (("devices", "host", "samples"), "specs/device/host.yaml:5:10 samples"),
        (("profile", "rank"), "specs/profile/reviewer.yaml:3:33 profile.rank"),
        (("papers", "sums", "stages", "total", "step", "x"), "specs/papers/sums.yaml:34:5"),
        (("made_by",), "specs/config.yaml:2:10 made_by"),
    ],
)
def test_a_value_is_found_where_it_was_written(specs: Path, path: tuple, place: str) -> None:
    """An override wins over the profile, which wins over the paper."""
    override = "papers.sums.stages.numbers.params.count=0"
    found = Locator(SpecFiles.read(specs), "reviewer", [override])(path)

    assert f"{found.file}:{found.line}:{found.column} {found.field}".startswith(place)


def test_a_bad_override_is_named_as_it_was_given(specs: Path) -> None:
    """A problem of a value from the command line shows the override."""
    override = "papers.sums.stages.numbers.params.count=0"
    tree = hydra(specs, override)

    with pytest.raises(SpecErrors) as caught:
        check_composition(specs, tree, STEPS, [override])

    assert f"override {override}: papers.sums.stages.numbers.params.count: 0 is too small" in str(
        caught.value
    )


def test_every_fault_of_a_tree_is_told_at_once(specs: Path) -> None:
    """All faults of a composed tree are raised together."""
    overrides = ["papers.sums.seeds=one", "papers.sums.title=3"]

    with pytest.raises(SpecErrors) as caught:
        check_composition(specs, hydra(specs, *overrides), STEPS, overrides)

    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["papers.sums.seeds", "papers.sums.title"]


def test_a_checked_composition_knows_the_rank_of_every_profile(specs: Path) -> None:
    """Claims are decided from a profile on, so all ranks are needed in each composition."""
    composition = check_composition(specs, merge(SpecFiles.read(specs), "smoke"), STEPS)

    assert composition.ranks == {"smoke": 0, "reviewer": 1}


def test_writing_the_small_project_twice_changes_nothing(tmp_path: Path) -> None:
    """The small project of these tests is itself valid."""
    specs = write_specs(tmp_path)

    assert SpecFiles.read(specs).problems == ()
