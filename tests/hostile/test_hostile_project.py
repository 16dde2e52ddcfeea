"""A whole project whose specs are hostile and whose surroundings hold secrets, run for real."""

import csv
import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from markdown_it import MarkdownIt

from harness.cli.main import main

SECRET = "hunter2-the-planted-secret"  # noqa: S105 - it is planted
SHELL = "$(touch canary) `touch canary`; touch canary | touch canary & touch canary\ttouch canary"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)> ![x](http://a.example/x.png) "
LINKS = (
    "[x](javascript:alert(1)) https://b.example <http://c.example> www.d.example ~~x~~ | a | b |"
)
LATEX = r"\input{/etc/passwd} \immediate\write18{touch canary} \catcode`\%=12 $x^2$ {%} ^^5cinput"
HOSTILE = f"{SHELL} {MARKUP} {LINKS} {LATEX} 'q' \"q\" -rf * ~"
ROW = "@SUM(1+1)*cmd|'/c calc'!A1 <b>$(touch canary)"
ALLOWED = {
    "img",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "strong",
    "code",
    "p",
    "ul",
    "li",
    "em",
}


@pytest.fixture(scope="module")
def attacked(finished, tmp_path_factory):
    """Give a copy of the project with hostile specs and secrets around it, after a whole run."""
    root = tmp_path_factory.mktemp("attacked") / "project"
    shutil.copytree(finished.root, root, symlinks=True)

    class Planted(type(finished)):
        said = ""

        def variables(self):
            """Return the usual variables, and some that hold the secret."""
            names = ("TOKEN", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PGPASSWORD", "HF_TOKEN")
            own = dict.fromkeys(names, SECRET)
            own["UV_INDEX_URL"] = own["https_proxy"] = f"http://user:{SECRET}@127.0.0.1:9/"
            return {**super().variables(), **own}

        def run(self, *words, check=None, **options):
            """Run a command and keep what it prints."""
            done = super().run(*words, check=check, **options)
            type(self).said += done.stdout + done.stderr
            return done

    toy = Planted(root)
    plant(toy)
    poison(toy)
    toy.harness("compile", "papers.toy.title=${oc.env:TOKEN}", check=2)
    toy.harness("compile", check=0)
    toy.harness("repro", check=0)
    for words in (("status",), ("verify",), ("claims",), ("claims", "--json"), ("env",), ("data",),
                  ("validate",), ("compile", "--check")):  # fmt: skip
        toy.harness(*words, check=0)
    return toy


def plant(toy):
    """Put the secret where users keep theirs."""
    home = toy.root.parent / "home"
    (home / ".config/dvc").mkdir(parents=True)
    (home / ".netrc").write_text(f"machine 127.0.0.1 login user password {SECRET}\n")
    (home / ".git-credentials").write_text(f"https://user:{SECRET}@a.example\n")
    (home / ".config/dvc/config").write_text(f"[core]\n    remote = {SECRET}\n")
    (toy.root / ".dvc/config.local").write_text(
        f"['remote \"{SECRET}\"']\n    url = https://a.example/x\n    password = {SECRET}\n"
    )
    toy.git("remote", "add", "origin", f"https://user:{SECRET}@a.example/x.git")


def poison(toy):
    """Put shell, HTML, Markdown, LaTeX and formulas into every text of the specs."""
    path = toy.root / "specs/papers/toy.yaml"
    paper = yaml.safe_load(path.read_text())
    paper["title"], paper["authors"] = HOSTILE, [HOSTILE, "-rf"]
    for publication in paper["publications"].values():
        publication |= {"title": HOSTILE, "venue": HOSTILE, "licence": HOSTILE}
    for claim in paper["claims"].values():
        claim["says"] = claim["source"]["where"] = HOSTILE
    paper["claims"]["on-a-phone"]["needs"] = HOSTILE
    paper["claims"]["five-numbers"]["reproduced"]["row"]["name"] = ROW
    paper["stages"]["total"]["params"]["name"] = ROW
    paper["stages"]["numbers"]["params"]["epochs"] = 3  # everything runs again
    table = paper["tables"]["totals"]
    table["caption"] = paper["figures"]["dots"]["caption"] = HOSTILE
    table["columns"]["name"] = {"heading": HOSTILE, "values": [ROW]}
    path.write_text(yaml.safe_dump(paper, sort_keys=False, allow_unicode=True, width=10_000))
    for name in ("profile/smoke.yaml", "device/host.yaml", "environment/harness.yaml"):
        file = toy.root / "specs" / name
        text = re.sub(r"says: [^}\n]*", lambda _: f"says: {yaml_text(HOSTILE)}", file.read_text())
        file.write_text(text)


def yaml_text(text):
    """Return a text in double quotes, as YAML and JSON write it."""
    return json.dumps(text, ensure_ascii=False)


def test_nothing_of_a_spec_is_run(attacked):
    """No text of a spec reaches a shell of DVC, git, uv or the harness."""
    assert not list(attacked.root.parent.rglob("canary*"))
    stages = yaml.safe_load((attacked.root / "dvc.yaml").read_text())["stages"]
    for stage in stages.values():
        assert re.fullmatch(r"python3 -m harness\.stage( [a-z][a-z0-9_-]*){1,2}", stage["cmd"])


def test_the_secret_is_in_no_file_that_a_run_leaves(attacked):
    """Neither logs nor records, reports, locks, plans, caches or scratch hold the secret."""
    planted = {
        attacked.root / ".dvc/config.local",
        attacked.root / ".git/config",
        *(path for path in (attacked.root.parent / "home").rglob("*") if path.is_file()),
    }
    looked = 0
    for folder, names, files in os.walk(attacked.root.parent):
        names[:] = [name for name in names if not (Path(folder) / name).is_symlink()]
        for name in files:
            path = Path(folder) / name
            looked += 1
            if path not in planted:
                assert SECRET.encode() not in path.read_bytes(), path

    assert looked > 300
    assert all(SECRET in path.read_text() for path in planted if path.name != "index")


def test_the_secret_is_in_nothing_that_is_printed(attacked):
    """No command shows the secret, and none steers the terminal."""
    assert "claims agree" in attacked.said
    assert SECRET not in attacked.said
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", attacked.said)


class _Seen(HTMLParser):
    """The tags and addresses of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.addresses = set(), set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses |= {value for name, value in attrs if name in ("href", "src")}
        assert not any(name.startswith("on") for name, _ in attrs)


@pytest.mark.parametrize("file", ["REPORT.md", "toy/totals.md"])
def test_the_report_shows_hostile_text_as_text(attacked, file):
    """Read by a parser of Markdown, the texts make no tag, link, picture, cell or heading."""
    text = (attacked.root / "results/smoke" / file).read_text()
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    seen = _Seen(parser.render(text))

    assert seen.tags <= ALLOWED | {"h1", "h2", "h3", "h4"}
    assert seen.addresses <= {"https://arxiv.org/abs/2601.00001", "toy/dots/dots.svg"}
    assert "alert(1)" in text


def test_a_table_in_latex_runs_nothing(attacked):
    """No command, comment or group of a text is left in the table."""
    text = (attacked.root / "results/smoke/toy/totals.tex").read_text()
    ours = {"begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule"}
    made = {"textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater"}

    commands = set(re.findall(r"\\([a-zA-Z]+)", text))
    assert commands <= ours | made | {"textbar", "textquotedbl"}
    assert "textbackslash" in commands
    assert not re.search(r"(?<!\\)%", text)


def test_a_table_in_csv_holds_no_formula(attacked):
    """A text that a spreadsheet would compute begins with an apostrophe."""
    with (attacked.root / "results/smoke/toy/totals.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert [row["name"] for row in rows] == [f"'{ROW}"]


def test_a_figure_holds_nothing_that_runs(attacked):
    """The SVG is XML without scripts, foreign objects, links and entities."""
    content = (attacked.root / "results/smoke/toy/dots/dots.svg").read_text()
    root = ElementTree.fromstring(content)  # noqa: S314 - our own file
    names = {element.tag.rpartition("}")[2] for element in root.iter()}

    assert not names & {"script", "foreignObject", "a", "image", "iframe"}
    assert "<!ENTITY" not in content


def test_a_hostile_reason_is_text_in_the_report(attacked):
    """The words of a stage that failed reach the report and the terminal as text."""
    path = attacked.root / "specs/papers/toy.yaml"
    paper = yaml.safe_load(path.read_text())
    paper["stages"]["total"]["params"]["name"] = HOSTILE
    path.write_text(yaml.safe_dump(paper, sort_keys=False, allow_unicode=True, width=10_000))
    attacked.harness("compile", check=0)
    done = attacked.harness("repro", check=1)

    report = (attacked.root / "results/smoke/REPORT.md").read_text()
    seen = _Seen(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(report))
    assert "; allowed: &#64;SUM" in report
    assert "failed: toy/table-totals" in done.stdout
    assert seen.tags <= ALLOWED | {"h1", "h2", "h3", "h4"}
    assert not list(attacked.root.parent.rglob("canary*"))


@pytest.mark.parametrize("room", ["artifacts", "results", "device_results"])
def test_a_stage_writes_nothing_outside(toy, room, tmp_path):
    """A folder that is a link out of the project is neither written to nor read from."""
    outside = tmp_path / "outside"
    (toy.root / room).rename(outside)
    (toy.root / room).symlink_to(outside)
    before = {path: path.stat().st_mtime_ns for path in outside.rglob("*")}
    stage = {"artifacts": "numbers", "results": "table-totals", "device_results": "speed"}[room]

    done = toy.run("python3", "-m", "harness.stage", "toy", stage, check=1)

    assert "leads out of the project" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.stat().st_mtime_ns for path in outside.rglob("*")} == before


@pytest.mark.parametrize(
    "word", ["../../etc/passwd", "/etc/passwd", "~", "-x", ".git", "a;id", "", "plan", "\x1b[31m"]
)
def test_repro_takes_names_and_no_other_path(finished, monkeypatch, capsys, word):
    """A word that is no paper, claim, table, figure, stage or output is wrong use."""
    monkeypatch.chdir(finished.root)

    assert main(["repro", "--", word]) == 2
    said = capsys.readouterr().err
    assert "is no paper, claim, table, figure or stage" in said
    assert "\x1b" not in said


def test_a_profile_is_never_a_path(finished, monkeypatch, capsys):
    """`--profile` names a profile of the project, in every command."""
    monkeypatch.chdir(finished.root)
    for command in ("repro", "status", "claims", "verify", "measure"):
        for name in ("../outside", "/etc", "~", "a b", "-x", "smoke;id", "SMOKE", "smoke\n"):
            assert main([command, f"--profile={name}"]) == 2, (command, name)
            assert "profile" in capsys.readouterr().err
