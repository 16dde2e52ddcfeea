"""REPORT.md and the step that writes it."""

import json
import os
import re
import subprocess
import sys

import pytest
from report_samples import CLAIMS, claim, paper, params, write

from harness.report.markdown import dumps
from harness.report.results import in_folder, input_name
from harness.report.step import write_report
from harness.report.verdicts import evaluate
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run

HARM = "<script>x</script> | [a](javascript:b) `c` ![d](e) \x1b[31m\u202e"


def document(root, spec, failed=None, **changes):
    """The report of one paper as Markdown."""
    settings = params(spec, **changes)
    report = evaluate(root, settings, failed)
    return dumps(report, in_folder(root, settings.profile.name, settings.papers), settings.papers)


def run_step(root, spec, out):
    """Run the step on the results under `root`."""
    folder = root / "results/smoke/nonn"
    paths = {
        input_name("nonn", "costs"): {None: folder / "costs.csv"},
        input_name("nonn", "curves"): {None: folder / "curves"},
    }
    kinds = {"verdicts": "record", "report": "text", "coverage": "record"}
    names = {"verdicts": "verdicts.json", "report": "REPORT.md", "coverage": "coverage.json"}
    write_report(
        Inputs({name: place for name, place in paths.items() if place[None].exists()}),
        params(spec),
        Outputs(kinds, out, names),
        Run("harness", "report", 0, Checkpoint(None), Progress("report")),
    )
    return {name: (out / name / file).read_bytes() for name, file in names.items()}


def test_report_shows_everything(tmp_path):
    """The report has coverage, claims, evidence, what was not verified, tables and figures."""
    write(tmp_path, paper())

    text = document(tmp_path, paper(), costs={f"nonn/{n}": 60.0 for n in paper().stages})

    for part in (
        "**3 of 6 (50 %) claims agree (1 exact, 2 within tolerance, 1 different, 2 not verified);",
        " 1 of 1 tables and 1 of 1 figures are regenerated.**",
        "[A venue, 2019](https://doi.org/10.1000/a%28b%29c), table 2 (table)",
        "| 432 kilobyte | 430 kilobyte | -2 kilobyte (-0.46 %) | ± 1 % of the reported value |",
        "| 93.75 % against 95.25 % | -1.5 points | at least the other cell,",
        "the other cell, give or take 2 points |",
        "| `harness repro nonn.size-exact --profile smoke` | 3 min 00 s |",
        "- energy: needs eight Raspberry Pis",
        "| Network | Students | Size (megabyte) | Accuracy (percent) |",
        "| nonn | 2 | 0.860 | 94.50 |",
        "![How it learns.](nonn/curves/curves.svg)",
        "Seeds: 0, 1.",
    ):
        assert part in text


def test_failed_stage_stays_in_the_report(tmp_path):
    """A failed stage leaves every claim in its row, and says why."""
    write(tmp_path, paper())

    text = document(tmp_path, paper(), {"nonn/teacher": "out of memory"})

    assert text.count("**not verified**") == len(CLAIMS) + 1
    assert "- size-exact: stage nonn/teacher failed: out of memory" in text
    assert "Not shown: stage nonn/teacher failed: out of memory" in text


@pytest.mark.parametrize("where", ["claim", "statement", "needs", "caption", "title", "reason"])
def test_injection(tmp_path, where):
    """Text of a spec or of a fault opens no tag, no link, no code and no cell."""
    harm = HARM.replace("\x1b", "").replace("\u202e", "") if where != "reason" else HARM
    changed = {
        "claim": {"says": harm},
        "statement": {"reported": {"statement": harm}},
        "needs": {"needs": harm},
    }
    claims = {
        **CLAIMS,
        "close-to-teacher": {**CLAIMS["close-to-teacher"], **changed.get(where, {})},
    }
    spec = paper(claims, **({"title": harm} if where == "title" else {}))
    if where == "caption":
        table = spec.tables["costs"].model_copy(update={"caption": harm})
        spec = spec.model_copy(update={"tables": {"costs": table}})
    write(tmp_path, spec)
    failed = {"nonn/teacher": harm} if where == "reason" else {}

    text = document(tmp_path, spec, failed)

    assert "script" in text
    for live in ("<script", "](javascript", "![d]", " `c`", "\x1b", "\u202e"):
        assert live not in re.sub(r"\\.", "", text)
    rows = [line for line in text.splitlines() if line.startswith("| **close")]
    assert [line.replace("\\|", "").count("|") for line in rows] == [8]


def test_link_holds_no_markup(tmp_path):
    """A repository's address cannot end the link that it stands in."""
    publication = {
        "title": "t",
        "venue": "v",
        "year": 2020,
        "repository": "https://a.example/x)<b>|y",
        "licence": "MIT",
    }
    spec = paper(publications={"first": publication})

    assert "(https://a.example/x%29%3Cb%3E%7Cy)" in document(tmp_path, spec)


def test_step_and_evaluation_agree(tmp_path):
    """The step writes what `evaluate` says, and the numbers of both files are the same."""
    write(tmp_path, paper())

    made = run_step(tmp_path, paper(), tmp_path / "out")

    verdicts = json.loads(made["verdicts"])
    assert verdicts == evaluate(tmp_path, params(paper())).as_json()
    assert made["report"].decode() == document(tmp_path, paper())
    assert json.loads(made["coverage"])["nonn"]["exact"] == 1


def test_report_and_verdicts_agree(tmp_path):
    """Every verdict of the JSON stands in the row of its claim in the report."""
    write(tmp_path, paper())
    made = run_step(tmp_path, paper(), tmp_path / "out")

    rows = re.findall(
        r"^\| \*\*([a-z-]+)\*\*: .* \| \*\*([a-z ]+)\*\* \|$", made["report"].decode(), re.MULTILINE
    )

    claims = json.loads(made["verdicts"])["papers"][0]["claims"]
    assert rows == [(one["outcome"]["claim"], one["outcome"]["verdict"]) for one in claims]


PROGRAM = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import test_report_markdown as here
root, out = map(pathlib.Path, sys.argv[2:])
here.run_step(root, here.paper(), out)
"""


def test_bytes_do_not_depend_on_the_process(tmp_path):
    """Two processes with other hash seeds, time zones, locales and folders write equal bytes."""
    surroundings = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "COLUMNS": "40"},
    ]
    made = []
    for number, variables in enumerate(surroundings):
        root = tmp_path / f"place {number} é"
        write(root, paper())
        out = root / "out"
        subprocess.run(
            [sys.executable, "-c", PROGRAM, os.path.dirname(__file__), root, out],
            env={**os.environ, **variables},
            check=True,
        )
        made.append({path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()})

    assert made[0] == made[1]
    assert len(made[0]) == 3


def test_changed_tolerance_shows(tmp_path):
    """A tolerance that was changed in the spec is another text in the report."""
    wide = {**CLAIMS["size-other-unit"], "agrees": {"relative": 0.5}}
    write(tmp_path, paper())

    before = document(tmp_path, paper())
    after = document(tmp_path, paper({**CLAIMS, "size-other-unit": wide}))

    assert "± 1 % of the reported value" in before
    assert "± 50 % of the reported value" in after


def test_paper_without_claims(tmp_path):
    """A paper that claims nothing has a report."""
    text = document(tmp_path, paper({}))

    assert "0 of 0 claims agree" in text


def test_bound_is_told(tmp_path):
    """The report repeats the publication's "up to"."""
    bounded = claim({"exact": True}, None)
    bounded |= {
        "reproduced": CLAIMS["size-exact"]["reproduced"],
        "reported": {"value": 24, "unit": "x", "bound": "up to"},
    }

    assert "| up to 24 x |" in document(tmp_path, paper({"bounded": bounded}))
