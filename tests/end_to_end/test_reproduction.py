"""A whole reproduction: the promise of equal bytes."""

import json


def test_second_run_does_nothing_and_leaves_git_clean(toy):
    """When nothing changed, nothing runs and no tracked byte changes."""
    log = toy.root / ".harness" / "logs" / "smoke.jsonl"
    before = log.read_text()

    done = toy.harness("repro", check=0)

    assert log.read_text() == before
    assert toy.git("status", "--porcelain") == ""
    assert "6 of 6 stages have the recorded bytes" in done.stdout


def test_fresh_clone_gives_the_committed_bytes(finished, tmp_path):
    """A clone without cache, lock or results reproduces every committed byte."""
    clone = type(finished)(tmp_path / "clone")
    finished.run("git", "clone", "-q", str(finished.root), str(clone.root), check=0)
    (clone.root / ".harness").mkdir()
    link = clone.root / ".harness" / "environments"
    link.symlink_to((finished.root / ".harness" / "environments").resolve())
    (tmp_path / "home").mkdir()
    for path in ("dvc.lock", "manifest.json"):
        (clone.root / path).unlink()
    clone.run("rm", "-r", "results", check=0)

    clone.harness("repro", check=0)

    assert clone.git("status", "--porcelain") == ""


def test_everything_is_reproduced_again_by_force(toy):
    """A forced rerun of every stage gives the same bytes, and the harness says so."""
    toy.run("rm", "-r", "artifacts", check=0)
    toy.run("rm", "-r", ".dvc/cache", check=0)

    done = toy.harness("repro", check=0)

    stages = len(json.loads(toy.harness("status", "--json").stdout))
    assert f"{stages} of {stages} stages have the recorded bytes" in done.stdout
    assert toy.git("status", "--porcelain") == ""


def test_targets_are_papers_claims_tables_and_stages(toy):
    """Each kind of target runs what it rests on; an unknown one is refused with a near miss."""
    for word in (
        "toy",
        "five-numbers",
        "totals",
        "toy/numbers",
        "dots",
        "results/smoke/toy/totals.csv",
    ):
        assert toy.harness("repro", word).returncode == 0, word

    wrong = toy.harness("repro", "totls", check=2)

    assert "did you mean 'totals'?" in wrong.stderr
    assert "needs" in toy.harness("repro", "on-a-phone", check=1).stderr


def test_failed_stage_is_told_in_every_verdict_that_rests_on_it(toy):
    """A failing stage gives "not verified" with its reason, exit status 1, and no missing row."""
    toy.edit("specs/papers/toy.yaml", "count: 5", "count: 6")
    toy.harness("compile", check=0)
    (toy.root / ".harness" / "after-1-fail").touch()

    done = toy.harness("repro", check=1)

    verdicts = json.loads((toy.root / "results/smoke/verdicts.json").read_text())
    outcome = verdicts["papers"][0]["claims"][0]["outcome"]
    assert outcome["verdict"] == "not verified"
    assert "the numbers ran out" in outcome["reason"]
    assert "the numbers ran out" in done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_wrong_number_is_different_and_the_exit_status_says_so(toy):
    """A reproduced number that is not the reported one is different, with exit status 1."""
    toy.edit("specs/papers/toy.yaml", "count: 5", "count: 6")
    toy.harness("compile", check=0)

    done = toy.harness("repro", check=1)

    assert "different" in done.stdout
    assert toy.harness("claims", check=1).returncode == 1


def test_every_dvc_command_of_a_user_works(toy):
    """Plain DVC sees stages, metrics, plots and parameters of the compiled pipeline."""
    for words in (("status",), ("dag",), ("metrics", "show"), ("params", "diff"),
                  ("repro", "toy-table-totals"), ("plots", "show")):  # fmt: skip
        toy.dvc(*words, check=0)
