"""No verdict rests on trust: what was not run or hashed again is not verified."""

import json
import shutil

import pytest

from harness.formats import jsonfile
from harness.judgement import report_params
from harness.report.results import input_name
from harness.report.step import write_report
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.planned import PlannedStage
from harness.stage.progress import Progress
from harness.stage.run import Run

TABLE = "results/smoke/toy/totals.csv"
ROWS = "artifacts/smoke/toy/total/rows.csv"
VERDICTS = "results/smoke/verdicts.json"


def claims(toy, status=0):
    """What `harness claims --json` says, with the status that it must have."""
    return json.loads(toy.harness("claims", "--json", check=status).stdout)


def outcome(said, name="five-numbers"):
    """The verdict and the reason of one claim."""
    found = [one["outcome"] for one in said["papers"][0]["claims"]]
    one = next(one for one in found if one["claim"] == name)
    return one["verdict"], one["reason"]


def test_untouched_results_are_hashed_again(toy):
    """On what a run has left, the verdicts are those of the file, and say how they were checked."""
    said = claims(toy)

    assert outcome(said) == ("exact", "")
    assert said["basis"] == {"toy.five-numbers": "re-hashed", "toy.on-a-phone": "nothing"}
    assert said["changes"] == []
    recorded = json.loads((toy.root / VERDICTS).read_text())
    assert {key: said[key] for key in recorded} == recorded
    assert "1 hashed again and as recorded" in toy.harness("claims").stdout


def edit_table(toy):
    """Change a digit of the table."""
    toy.edit(TABLE, "plain,5", "plain,6")


def edit_artifact(toy):
    """Change a digit of the rows that the table is made of."""
    toy.edit(ROWS, "plain,5", "plain,6")


def lose_artifact(toy):
    """Remove what no clone has."""
    shutil.rmtree(toy.root / "artifacts")


def edit_code(toy):
    """Change the code of a stage."""
    with (toy.root / "reproductions/toy/total.py").open("a") as file:
        file.write("# another\n")


def forget_entry(toy):
    """Take a stage out of the manifest."""
    entries = json.loads((toy.root / "manifest.json").read_text())
    del entries["toy-total"]
    (toy.root / "manifest.json").write_text(json.dumps(entries, sort_keys=True, indent=1) + "\n")


def change_entry(toy):
    """Change a digest in the manifest."""
    text = (toy.root / "manifest.json").read_text()
    entry = json.loads(text)["toy-table-totals"]["files"][TABLE]
    digest = entry["sha256"]
    (toy.root / "manifest.json").write_text(text.replace(digest, "0" * 64))


def forget_lock(toy):
    """Remove what DVC knows of the last run."""
    (toy.root / "dvc.lock").unlink()


def change_parameter(toy):
    """Change and compile a parameter of the first stage."""
    toy.edit("specs/papers/toy.yaml", "epochs: 4", "epochs: 5")
    toy.harness("compile", check=0)


@pytest.mark.parametrize(
    ("damage", "stage", "doubt"),
    [
        (edit_table, "toy/table-totals", f"is stale: output changed: {TABLE}"),
        (edit_artifact, "toy/total", f"is stale: output changed: {ROWS}"),
        (lose_artifact, "toy/numbers", "is stale: output missing: "),
        (edit_code, "toy/total", "is stale: changed: reproductions/toy/total.py"),
        (change_parameter, "toy/numbers", "is stale: its parameters changed: "),
        (forget_lock, "toy/numbers", "is stale: it has never run"),
        (forget_entry, "toy/total", "has no entry in manifest.json"),
        (change_entry, "toy/table-totals", f"is not as recorded: {TABLE} has other bytes"),
    ],
)
def test_what_is_not_as_recorded_verifies_nothing(toy, damage, stage, doubt):
    """Whatever is stale, missing, edited or without an entry, its claims say which and why."""
    damage(toy)

    said = claims(toy)

    verdict, reason = outcome(said)
    assert verdict == "not verified"
    assert reason.startswith(f"stage {stage} {doubt}")
    assert said["basis"]["toy.five-numbers"] == "on trust"
    change = {"claim": "toy.five-numbers", "what": "verdict", "was": "exact", "now": "not verified"}
    assert change in said["changes"]


def test_forged_lock_and_manifest_do_not_hide_a_digit(toy):
    """A digit that was changed, and committed with DVC, is still found by the manifest."""
    edit_table(toy)
    toy.dvc("commit", "-f", "toy-table-totals", check=0)

    verdict, reason = outcome(claims(toy))

    assert verdict == "not verified"
    assert f"stage toy/table-totals is not as recorded: {TABLE}" in reason


def test_edited_verdicts_are_not_believed(toy):
    """What stands in verdicts.json is judged again, and the file is told to say otherwise."""
    toy.edit("specs/papers/toy.yaml", "value: 5", "value: 7")
    toy.harness("compile", check=0)
    toy.harness("repro", check=1)
    text = (toy.root / VERDICTS).read_text()
    (toy.root / VERDICTS).write_text(text.replace(': "different"', ': "exact"'))

    done = toy.harness("claims", check=1)

    assert "verdicts.json says otherwise" in done.stderr
    assert "1 different" in done.stdout
    assert (
        "toy.five-numbers: reported was exactly 5 when last recorded, now exactly 7" in done.stdout
    )
    assert "toy.five-numbers: verdict was exact when last recorded, now different" in done.stdout


def test_part_of_a_run_does_not_vouch_for_the_rest(toy):
    """After a run of one stage the claims on others, which are stale, are not verified."""
    change_parameter(toy)

    done = toy.harness("repro", "toy/speed", check=0)

    assert "0 of 2 (0 %) claims agree" in done.stdout
    assert "1 not re-checked, so not verified" in done.stdout


def test_changed_tolerance_makes_the_report_stale_and_is_told(toy):
    """A wider tolerance makes no stage run but the report, and is told until it is committed."""
    toy.edit("specs/papers/toy.yaml", "agrees: {exact: true}", "agrees: {relative: 0.5}")
    toy.harness("compile", check=0)
    stale = [one["stage"] for one in json.loads(toy.harness("status", "--json").stdout)
             if one["stale"]]  # fmt: skip
    theirs = set(json.loads(toy.dvc("status", "--json", check=0).stdout))

    first = toy.harness("repro", check=0).stdout
    again = toy.harness("claims", check=0).stdout

    assert stale == ["harness/report"]
    assert theirs == {"plan", "harness-report"}
    told = ("toy.five-numbers: tolerance was none: equal numbers when last recorded, "
            "now ± 50 % of the reported value")  # fmt: skip
    assert told in first
    assert told in again, "what the run has recorded must not hide it"
    assert "| ± 50 % of the reported value |" in (toy.root / "results/smoke/REPORT.md").read_text()
    toy.commit()
    assert told not in toy.harness("claims", check=0).stdout


def test_claim_that_is_gone_is_told(toy):
    """A claim that was taken out of the spec does not vanish without a word."""
    text = (toy.root / "specs/papers/toy.yaml").read_text()
    start, end = text.index("  five-numbers:"), text.index("  on-a-phone:")
    (toy.root / "specs/papers/toy.yaml").write_text(text[:start] + text[end:])
    toy.harness("compile", check=0)

    done = toy.harness("claims", check=0)

    assert (
        "toy.five-numbers: verdict was exact when last recorded, now the claim is gone"
        in done.stdout
    )


def test_report_stage_refuses_a_table_that_dvc_does_not_know(toy):
    """Run by itself, the stage of the report takes no table but the one of dvc.lock."""
    edit_table(toy)
    before = (toy.root / VERDICTS).read_bytes()

    done = toy.run("python3", "-m", "harness.stage", "harness", "report")

    assert done.returncode != 0
    assert TABLE in done.stderr
    assert (toy.root / VERDICTS).read_bytes() == before


def test_one_digit_turns_its_claim_and_repro_brings_it_back(toy):
    """A digit turns the claims on it, in report and JSON alike; a run of everything mends it."""
    plan = PlannedStage.read(toy.root / "plan/harness/report.json")
    content = (toy.root / TABLE).read_bytes()
    tables = {"same": content, "other": content.replace(b"plain,5", b"plain,6")}
    made = {name: report_of(plan, toy, name, table) for name, table in tables.items()}

    assert made["same"]["verdicts"] == (toy.root / VERDICTS).read_bytes()
    assert made["same"]["report"] == (toy.root / "results/smoke/REPORT.md").read_bytes()
    turned = json.loads(made["other"]["verdicts"])
    assert outcome(turned)[0] == "different"
    assert outcome(turned, "on-a-phone") == outcome(
        json.loads(made["same"]["verdicts"]), "on-a-phone"
    )
    assert b"| **different** |" in made["other"]["report"]
    assert json.loads(made["other"]["coverage"])["toy"]["different"] == 1
    edit_artifact(toy)
    toy.harness("repro", check=0)
    assert toy.git("status", "--porcelain") == ""


def report_of(plan, toy, name, table):
    """The outputs of the report's step when the table has these bytes."""
    out = toy.root / ".harness" / name
    place = out / "totals.csv"
    place.parent.mkdir()
    place.write_bytes(table)
    paths = {input_name("toy", "totals"): {None: place},
             input_name("toy", "dots"): {None: toy.root / "results/smoke/toy/dots"}}  # fmt: skip
    names = {"verdicts": "verdicts.json", "report": "REPORT.md", "coverage": "coverage.json"}
    kinds = {"verdicts": "record", "report": "text", "coverage": "record"}
    outputs = Outputs(kinds, out, names)
    run = Run("harness", "report", 0, Checkpoint(None), Progress("report"))
    write_report(Inputs(paths), report_params(plan), outputs, run)
    return {name: (out / name / file).read_bytes() for name, file in names.items()}


def test_wrong_names_of_papers_and_profiles(finished):
    """A wrong name is wrong use with a near miss; a profile without verdicts is a plain no."""
    for words, status, hint in (
        (["to"], 2, "did you mean 'toy'?"),
        (["zebra"], 2, "there are: toy"),
        (["--profile", "smok"], 2, "did you mean 'smoke'?"),
        (["--profile", "reviewer"], 1, "harness repro"),
    ):
        assert hint in finished.harness("claims", *words, check=status).stderr


def test_json_of_a_paper_holds_that_paper_alone(finished):
    """The JSON of one paper is canonical, and its verdicts are those of the file."""
    said = finished.harness("claims", "toy", "--json", check=0).stdout

    assert jsonfile.dumps(json.loads(said)).decode() == said
    assert [one["paper"] for one in json.loads(said)["papers"]] == ["toy"]
