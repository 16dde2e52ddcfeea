"""What goes stale when something changes: exactly what uses it."""

import json

import pytest


def stale(toy):
    """Return the stale stages by the harness and by DVC."""
    ours = {row["stage"] for row in json.loads(toy.harness("status", "--json").stdout)
            if row["stale"]}  # fmt: skip
    theirs = set(json.loads(toy.dvc("status", "--json", check=0).stdout or "{}"))
    return ours, theirs


@pytest.mark.parametrize(
    ("file", "changed", "downstream"),
    [
        ("reproductions/toy/arithmetic.py", {"toy-total", "toy-speed"},
         {"toy/total", "toy/speed", "toy/table-totals", "toy/figure-dots", "harness/report"}),
        ("reproductions/toy/drawing.py", {"toy-figure-dots"},
         {"toy/figure-dots", "harness/report"}),
        ("harness/table/latex.py", {"toy-table-totals"},
         {"toy/table-totals", "harness/report"}),
        ("harness/cli/status.py", set(), set()),
    ],
)  # fmt: skip
def test_edit_of_code_makes_stale_what_imports_it(toy, file, changed, downstream):
    """A changed file makes exactly the stages stale whose step imports it, and what reads them."""
    with (toy.root / file).open("a") as text:
        text.write("\n# edited\n")

    ours, theirs = stale(toy)

    assert ours == downstream
    assert theirs - {"plan"} == changed


def test_edit_of_one_parameter_makes_one_stage_stale(toy):
    """A changed parameter makes its own stage stale, after compiling, and what reads it."""
    toy.edit("specs/papers/toy.yaml", "name: plain}\n  speed", "name: plain}\n\n  speed")
    toy.harness("compile", check=0)
    assert stale(toy) == (set(), set())

    toy.edit("specs/papers/toy.yaml", "epochs: 4", "epochs: 3")
    toy.harness("compile", check=0)
    ours, theirs = stale(toy)

    assert "toy-numbers" in theirs
    assert "toy-total" not in theirs
    assert {"toy/numbers", "toy/total"} <= ours
    assert "its parameters changed" in toy.harness("status", "--why").stdout


def test_changed_lock_makes_stale_what_runs_there(toy):
    """A changed environment makes every stage that runs in it stale."""
    with (toy.root / "environments/harness.txt").open("a") as text:
        text.write("# edited\n")

    ours, _ = stale(toy)

    assert {"toy/numbers", "toy/total", "harness/report"} <= ours


def test_compile_writes_nothing_when_nothing_changed(toy):
    """A second compilation writes no file, and --check says that all is fresh."""
    files = [toy.root / "dvc.yaml", toy.root / "params.yaml", *(toy.root / "plan").glob("*/*")]
    before = {file: file.stat().st_mtime_ns for file in files}

    said = toy.harness("compile", check=0).stdout

    assert said == "nothing changed\n"
    assert before == {file: file.stat().st_mtime_ns for file in files}
    toy.harness("compile", "--check", check=0)
    toy.edit("params.yaml", "count: 5", "count: 50")
    assert "params.yaml" in toy.harness("compile", "--check", check=1).stdout


def test_dvc_exp_run_composes_what_we_compile(toy):
    """`dvc exp run -S profile=reviewer` writes the params.yaml that our compiler writes."""
    toy.dvc("exp", "run", "-S", "profile=reviewer", check=0)
    theirs = (toy.root / "params.yaml").read_bytes()
    values = toy.root / "results/reviewer/verdicts.json"
    assert values.exists()
    toy.git("checkout", "-q", "--", ".")

    toy.harness("compile", "profile=reviewer", check=0)

    assert (toy.root / "params.yaml").read_bytes() == theirs


def test_profile_beside_the_committed_one(toy):
    """Another profile runs in a folder of its own and leaves the committed results alone."""
    toy.harness("repro", "--profile", "reviewer")

    assert (toy.root / "profiles/reviewer/dvc.lock").exists()
    assert (toy.root / "results/reviewer/toy/totals.csv").exists()
    assert all(line.startswith("??") for line in toy.git("status", "--porcelain").splitlines())
    toy.dvc("status", check=0)


def test_bad_override_is_refused_with_its_place(toy):
    """An override with a wrong value or an unknown key is refused, without a traceback."""
    wrong = toy.harness("compile", "papers.toy.stages.numbers.params.count=none", check=1)
    unknown = toy.harness("compile", "papers.toy.nothing=1", check=2)

    assert "override papers.toy.stages.numbers.params.count=none" in wrong.stderr
    assert "Traceback" not in wrong.stderr + unknown.stderr
