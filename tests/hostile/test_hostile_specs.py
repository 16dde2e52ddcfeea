"""Spec files that want to run code, to fill the memory or never to end."""

import json
import os
import resource
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from messages import tell
from spec_samples import PAPER, STEPS

from harness.cli.main import main
from harness.spec.check import check_specs
from harness.spec.problem import render

ROOT = Path(__file__).parents[2]


def _nested(opening: str, closing: str = "", depth: int = 10_000) -> str:
    return f"x: {opening * depth}{closing * depth}\n"


def _laughs() -> str:
    names = "abcdefghij"
    lines = ["a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"]
    for before, name in pairwise(names):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n")
    return "".join(lines)


def _merges() -> str:
    lines = ["a: &a {k: v}\n"]
    lines += [f"m{n}: &m{n} {{<<: [*a, *a], n: *a}}\n" for n in range(60)]
    return "".join(lines)


# What is put behind, or in place of, a good paper.
BEHIND = {
    "a tag that makes an object": "x: !!python/object/apply:os.system ['touch canary']\n",
    "a tag that names a module": "x: !!python/module:os {}\n",
    "a binary tag": "x: !!binary aGVsbG8=\n",
    "a tag of its own": "x: !secret {file: /etc/passwd}\n",
    "a key with a tag": "!!python/name:os.system x: 1\n",
    "a set": "x: !!set {a, b}\n",
    "a merge key": "x: {<<: {a: 1}}\n",
    "a key twice": "title: other\n",
    "a key twice, once in quotes": '"title": other\n',
    "a mapping as a key": "{a: 1}: 2\n",
    "a second document": "---\npaper: other\n",
    "the end of the document and more": "...\n---\nx: 1\n",
    "a directive in the middle": "x: 1\n%YAML 1.1\n",
    "an infinite number": "x: 1e999\n",
    "an octal number": "x: 0o17\n",
    "a hexadecimal number": "x: 0xDEAD\n",
    "a number in base 60": "x: 190:20:30\n",
    "a number of twenty digits": "x: 12345678901234567890\n",
    "a number of ten thousand digits": f"x: {'9' * 10_000}\n",
    "a date": "x: 2026-11-22T01:02:03Z\n",
    "a word for true": "x: yes\n",
    "a word for false as a key": "off: 1\n",
    "an escaped NUL": 'x: "a\\0b"\n',
    "an escaped terminal sequence": 'x: "\\e]52;c;aGk=\\a"\n',
    "half a surrogate pair": 'x: "\\ud800"\n',
    "text that runs backwards": "x: a\u202eb\n",
    "text with a character of no width": "x: a\u200bb\n",
    "a name with a character of no width": "ti\u200btle: x\n",
    "an escaped mark of direction": 'x: "a\\u2067b"\n',
    "a bell": "x: \x07\n",
    "an interpolation": "x: ${oc.env:HOME}\n",
    "an interpolation in a key": "${oc.env:HOME}: x\n",
    "an escaped interpolation": "x: '\\${oc.env:HOME}'\n",
    "nested interpolations": "x: ${oc.decode:${oc.env:HOME}}\n",
    "a call of Hydra's": "x: {_target_: os.system, _args_: [id]}\n",
    "a partial call of Hydra's": "x: {_partial_: true}\n",
    "hydra's own settings": "hydra: {searchpath: ['file:///tmp']}\n",
    "a list of what is composed": "defaults: [../../x]\n",
    "levels without end, of lists": _nested("["),
    "levels without end, of mappings": _nested("{a: "),
    "levels without end, by indentation": "x:\n" + "".join(f"{' ' * n}-\n" for n in range(1, 900)),
    "laughs by the billion": _laughs(),
    "aliases wide and flat": f"a: &a {'x' * 999}\nb: [{'*a, ' * 50_000}]\n",
    "merge keys upon merge keys": _merges(),
    "a hundred thousand keys": "".join(f"k{n}: 1\n" for n in range(100_000))[:900_000],
    "a long text": f"x: {'y' * 900_000}\n",
    "a long key": f"? {'y' * 900_000}\n: 1\n",
    "ten megabytes of text": f"x: {'y' * 10_000_000}\n",
    "ten megabytes of keys": "".join(f"k{n}: 1\n" for n in range(1_000_000)),
}  # fmt: skip

IN_PLACE = {
    "a byte-order mark": b"\xef\xbb\xbf" + PAPER.encode(),
    "UTF-16": PAPER.encode("utf-16"),
    "UTF-32": PAPER.encode("utf-32"),
    "Latin-1": PAPER.replace("A paper", "A p\xe4per").encode("latin-1"),
    "overlong UTF-8": PAPER.encode().replace(b"A paper", b"A \xc0\xafper"),
    "a NUL byte": PAPER.encode().replace(b"A paper", b"A \0paper"),
    "a header of Hydra's": b"# @package hydra.run\n" + PAPER.encode(),
    "a directive": b"%TAG ! tag:python/\n---\n" + PAPER.encode(),
    "nothing": b"",
    "a list": b"- a\n",
    "a pickle": b"cos\nsystem\n(S'touch canary'\ntR.",
}


def _told(specs: Path) -> str:
    """Return what `harness validate` prints, shortened where an attack repeats itself."""
    lines = render(check_specs(specs, STEPS).problems).splitlines()
    return "\n".join([*lines[:2], "…", lines[-1]] if len(lines) > 4 else lines)


@pytest.mark.parametrize("attack", BEHIND)
def test_a_hostile_addition_to_a_spec_is_refused(specs, attack):
    """What has no place in a spec is refused with its place, whatever reader it is aimed at."""
    (specs / "papers/sums.yaml").write_text(PAPER + BEHIND[attack], "utf-8", "surrogatepass")

    tell(f"spec: {attack}", _told(specs))
    assert not Path("canary").exists()


@pytest.mark.parametrize("attack", IN_PLACE)
def test_a_spec_that_is_no_plain_text_is_refused(specs, attack):
    """Another encoding, a directive and bytes that are no text are refused."""
    (specs / "papers/sums.yaml").write_bytes(IN_PLACE[attack])

    tell(f"spec: {attack}", _told(specs))


def test_lines_may_end_as_they_do_elsewhere(specs):
    """CRLF is no attack: the specs stay valid."""
    (specs / "papers/sums.yaml").write_bytes(PAPER.replace("\n", "\r\n").encode())

    assert check_specs(specs, STEPS).problems == ()


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


NO_FILES = {
    "a pipe": _fifo,
    "a folder": _folder,
    "a link to a device without end": lambda path: _link(path, "/dev/zero"),
    "a link to a terminal": lambda path: _link(path, "/dev/tty"),
    "a link out of the project": lambda path: _link(path, "/etc/passwd"),
    "a link to itself": lambda path: _link(path, path.name),
    "a link to nothing": lambda path: _link(path, "missing.yaml"),
}


@pytest.mark.parametrize("attack", NO_FILES)
@pytest.mark.parametrize("file", ["papers/sums.yaml", "config.yaml"])
def test_a_spec_that_is_no_file_of_the_project_is_refused(specs, file, attack):
    """Nothing is waited for, and nothing outside is read."""
    NO_FILES[attack](specs / file)

    tell(f"spec: {file} is {attack}", _told(specs))


def test_a_file_of_specs_that_may_not_be_read_is_refused(specs, monkeypatch):
    """Permission denied is a problem of that file."""
    real = os.open

    def closed(path, *rest, **more):
        if str(path).endswith("sums.yaml"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", closed)  # root may read everything: chmod shows nothing

    tell("spec: no permission to read it", _told(specs))


def test_a_link_inside_the_project_is_followed(specs):
    """Only links that lead out are refused."""
    (specs / "papers/sums.yaml").rename(specs.parent / "elsewhere.yaml")
    (specs / "papers/sums.yaml").symlink_to("../../elsewhere.yaml")

    assert check_specs(specs, STEPS).problems == ()


def test_a_folder_of_specs_that_lies_elsewhere_is_refused(specs, tmp_path):
    """A folder that is a link out of the project is as little followed as a file."""
    (specs / "papers").rename(tmp_path / "elsewhere")
    (specs / "papers").symlink_to(tmp_path / "elsewhere")

    tell("spec: a folder that is a link out of the project", _told(specs))


def test_refusing_takes_little_time_and_memory(specs):
    """All attacks on the size are refused within 1 GiB of address space and 40 s of one CPU."""
    large = [text for text in BEHIND.values() if len(text) > 10_000]
    large += [
        "".join(f"k{n}: 1\n" for n in range(15_000)),
        "y: [" + "{a: *a}, " * 90_000 + "]\n",
        "y: [" + "!t x, " * 150_000 + "]\n",
        "".join(f"? [{n}]\n: 1\n" for n in range(60_000)),
        '"' + "\\u0041" * 150_000,
    ]
    places = []
    for number, text in enumerate(large):
        places.append(specs.parent / f"{number}.yaml")
        places[-1].write_text(PAPER + text, encoding="utf-8")
    child = (
        "import json, resource, sys\n"
        f"sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests/spec')!r}]\n"
        "from pathlib import Path\n"
        "from spec_samples import STEPS\n"
        "from harness.spec.check import check_specs\n"
        "specs, *places = map(Path, sys.argv[1:])\n"
        "counts = []\n"
        "for place in places:\n"
        "    place.replace(specs / 'papers/sums.yaml')\n"
        "    counts.append(len(check_specs(specs, STEPS).problems))\n"
        "print(json.dumps(counts))\n"
    )

    def bounded():
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (40, 40))

    done = subprocess.run(
        [sys.executable, "-c", child, str(specs), *map(str, places)],
        capture_output=True, text=True, check=False, preexec_fn=bounded, cwd=ROOT,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    assert all(0 < count <= 520 for count in json.loads(done.stdout))


def test_a_refused_spec_ends_the_command_with_status_1(specs, monkeypatch, capsys):
    """The command line tells the same message, on one page, with status 1."""
    (specs / "papers/sums.yaml").write_text(PAPER + BEHIND["a tag that makes an object"])
    monkeypatch.chdir(specs.parent)

    assert main(["validate"]) == 1
    assert "specs/papers/sums.yaml:54:4: x: the tag" in capsys.readouterr().out
