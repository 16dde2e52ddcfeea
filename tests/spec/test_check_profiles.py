"""Cross-checks of what a profile changes."""

from __future__ import annotations

from pathlib import Path

from check_samples import change, problems


def test_a_profile_changes_and_never_adds(specs: Path) -> None:
    """A misspelt stage in a profile is not a new stage."""
    change(specs, "profile/reviewer.yaml", "seeds: [0, 1, 2]", "stages: {totl: {per_seed: true}}")

    assert problems(specs).splitlines() == [
        (
            "specs/profile/reviewer.yaml:4:26: papers.sums.stages.totl: there is no stage 'totl' "
            "that a profile could change; did you mean 'total'?; allowed: numbers, speed, total"
        ),
        "1 problem in 1 file",
    ]


def test_a_profile_keeps_mappings_and_lists_what_they_are(specs: Path) -> None:
    """Hydra cannot put a list in place of a mapping; the message says so before Hydra fails."""
    change(specs, "profile/reviewer.yaml", "seeds: [0, 1, 2]", "stages: [total]")

    assert "papers.sums.stages: a list cannot take the place of a mapping" in problems(specs)


def test_a_profile_of_a_paper_that_is_not_there_is_told(specs: Path) -> None:
    """A misspelt paper in a profile is not a new paper."""
    change(specs, "profile/reviewer.yaml", "{sums:", "{sum:")

    assert "there is no paper 'sum' that a profile could change; did you mean 'sums'?" in problems(
        specs
    )


def test_a_bad_value_of_a_profile_is_found_in_the_profile(specs: Path) -> None:
    """What a profile changes is checked there, and only there."""
    changed = "stages: {numbers: {params: {count: 0}}}"
    change(specs, "profile/reviewer.yaml", "seeds: [0, 1, 2]", changed)

    assert problems(specs).splitlines() == [
        (
            "specs/profile/reviewer.yaml:4:52: papers.sums.stages.numbers.params.count: 0 is too "
            "small; allowed: a whole number, at least 1"
        ),
        "1 problem in 1 file",
    ]
