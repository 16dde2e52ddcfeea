"""That each variation is real: what processes of a rerun, and its workers, see of it."""

import json
import os
import shutil
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from harness.rerun.clone import _SHUFFLE, make
from harness.rerun.enclosure import Enclosure
from harness.rerun.host import Host
from harness.rerun.setting import Setting
from harness.rerun.variation import choose, setting_of

HOST = Host.here()

# Run by any process of a rerun; what it sees is compared with what it would see without.
LOOK = """
import json, locale, os, select, socket, sys, threading, time
from pathlib import Path
started = time.monotonic()
time.sleep(0.01)
waiting = threading.Thread(target=lambda: threading.Event().wait(0.01), daemon=True)
waiting.start()
while waiting.is_alive() and time.monotonic() - started < 5:
    select.select([], [], [], 0.01)
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
    network = "there"
except OSError as error:
    network = type(error).__name__
try:
    os.fstat(0)
    stdin = "open"
except OSError:
    stdin = "closed"
try:
    locale.setlocale(locale.LC_ALL, "")
    point = locale.localeconv()["decimal_point"]
except locale.Error as error:
    point = str(error)
mask = os.umask(0)
seen = {
    "cwd": os.getcwd(), "pwd": os.environ.get("PWD"), "home": os.environ.get("HOME"),
    "config": os.environ.get("XDG_CONFIG_HOME"), "date": time.strftime("%Y-%m-%d", time.gmtime()),
    "waited": time.monotonic() - started,
    "ended": not waiting.is_alive(), "timezone": time.strftime("%z"),
    "point": point, "umask": mask, "hash": hash("a word"), "cores": len(os.sched_getaffinity(0)),
    "threads": os.environ.get("OMP_NUM_THREADS"), "hostname": socket.gethostname(),
    "user": os.getuid(), "listing": os.listdir("specs"), "scanned": [e.name for e in
    os.scandir("specs")], "walked": [name for _, names, _ in os.walk("specs") for name in names],
    "strays": sum(name.startswith("STRAY") for name in os.environ),
    "git": os.path.exists(".git"), "columns": os.get_terminal_size(1).columns
    if sys.stdout.isatty() else None, "stdin": stdin, "network": network,
    "libc": {int(line.split()[4]) for line in Path("/proc/self/maps").read_text().splitlines()
    if line.endswith("/libc.so.6")}.pop(),
}
Path(".harness/seen.json").write_text(json.dumps(seen))
"""


def seen_under(toy, folder, *words, host=HOST, command=None):
    """Return what a command sees in a clone under some variations."""
    chosen = choose(words, host)[0] if words else []
    setting = setting_of(chosen)
    folder.mkdir()
    clone = make(toy.root, folder, setting, None, host)
    (clone.tree / "look.py").write_text(LOOK)
    prepare(clone.tree)
    status = Enclosure(host, setting).run(clone, command or [sys.executable, "look.py"])
    assert status == 0, clone.log.read_text()
    return json.loads((clone.tree / ".harness" / "seen.json").read_text()), clone


def prepare(tree):
    """Have the toy's first step look around too."""
    step = tree / "reproductions" / "toy" / "numbers.py"
    step.write_text(step.read_text() + f"\nexec({LOOK!r})\n")


@pytest.fixture(scope="module", autouse=True)
def user():
    """Be a user whose own surroundings are none of the variations."""
    mask = os.umask(0o022)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "C.UTF-8")
        yield
    os.umask(mask)


@pytest.fixture(scope="module")
def plain(finished, tmp_path_factory):
    """Give what a command sees without any variation."""
    return seen_under(finished, tmp_path_factory.mktemp("plain") / "rerun")[0]


def possible(*words):
    """Skip a test of what cannot be had here; that it is said is tested with the variations."""
    _, missing = choose(words, HOST)
    if missing:
        pytest.skip("; ".join(why for _, why in missing))


def test_nothing_varies_by_itself(plain):
    """Without a variation a command sees the user's own surroundings, but no network."""
    assert plain["hostname"] == subprocess.check_output(["uname", "-n"], text=True).strip()
    assert plain["user"] == int(subprocess.check_output(["id", "-u"]))
    assert plain["git"]
    assert plain["strays"] == 0
    assert plain["network"] == ("OSError" if "net" in HOST.namespaces else "ConnectionRefusedError")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("time=1970-01-02", {"date": "1970-01-02"}),
        ("timezone=<+1245>-12:45", {"timezone": "+1245"}),
        ("locale=tr_TR.UTF-8", {"point": ","}),
        ("umask=077", {"umask": 0o077}),
        ("umask=000", {"umask": 0}),
        ("threads=7", {"threads": "7", "cores": 1}),
        ("hostname=elsewhere", {"hostname": "elsewhere"}),
        ("user=4242", {"user": 4242}),
        ("environment", {"strays": 30}),
        ("git=none", {"git": False}),
        ("terminal=20", {"columns": 20, "stdin": "open"}),
        ("terminal=none", {"columns": None, "stdin": "closed"}),
    ],
)
def test_variation_is_what_a_process_sees(finished, tmp_path, plain, word, expected):
    """Each variation is seen by a process of the rerun, and is not there without it."""
    possible(word)

    seen, _ = seen_under(finished, tmp_path / "rerun", word)

    assert {name: seen[name] for name in expected} == expected
    assert {name: plain[name] for name in expected} != expected


def libraries_in(folder):
    """Copy the system's C library and its loader into a folder; return the folder."""
    folder.mkdir()
    maps = Path("/proc/self/maps").read_text().splitlines()
    system = Path(next(line.split()[-1] for line in maps if line.endswith("/libc.so.6"))).parent
    for name in ("libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"):
        shutil.copy2(system / name, folder / name)
    return folder


def test_c_library_is_that_of_the_package(finished, tmp_path, plain):
    """Processes of the rerun run on the libraries of the package, and no others do."""
    package = libraries_in(tmp_path / "package")
    possible(f"libc={package}")

    seen, _ = seen_under(finished, tmp_path / "rerun", f"libc={package}")

    assert seen["libc"] == (package / "libc.so.6").stat().st_ino
    assert seen["libc"] != plain["libc"]


def test_c_library_that_runs_no_python_is_told(tmp_path):
    """A package on which this Python does not start cannot be had, and the reason is told."""
    package = libraries_in(tmp_path / "package")
    (package / "libm.so.6").write_bytes(b"")

    able, ((one, why),) = choose([f"libc={package}"], replace(HOST, namespaces={"mount"}))

    assert not able
    assert one.value == str(package)
    assert "this Python does not run on it: " in why
    assert "libm.so.6" in why


def test_path_is_long_and_linked(finished, tmp_path):
    """The clone lies at a long path with spaces and other letters, and is entered by a link."""
    seen, clone = seen_under(finished, tmp_path / "rerun", "path")

    assert " " in seen["cwd"]
    assert not seen["cwd"].isascii()
    assert seen["cwd"] == str(clone.tree)
    assert seen["pwd"] == str(clone.seen) != seen["cwd"]


def test_home_is_new_and_empty(finished, tmp_path, plain):
    """HOME and the XDG folders are new."""
    seen, clone = seen_under(finished, tmp_path / "rerun", "home")

    assert seen["home"] == str(clone.folder / "home") != plain["home"]
    assert seen["config"] == str(clone.folder / "home" / "config")


@pytest.mark.parametrize("value", ["disorderfs", "shuffled"])
def test_listings_have_another_order(finished, tmp_path, plain, value):
    """Listing, scanning and walking a folder give the same names in another order."""
    possible(f"file-order={value}")
    seen, _ = seen_under(finished, tmp_path / "rerun", f"file-order={value}")

    # Each order is a fixed one, so that it cannot be the file system's own by chance.
    shuffled = sorted(plain["listing"], key=lambda name: zlib.crc32(name.encode(), _SHUFFLE))
    reverse = sorted(plain["listing"], reverse=True)
    expected = {"disorderfs": reverse, "shuffled": shuffled}[value]
    assert seen["listing"] == seen["scanned"] == expected != sorted(expected)
    assert seen["walked"] != sorted(plain["walked"])


def test_hashseed_changes_hashes(finished, tmp_path):
    """Two processes under one hash seed see one hash, under two seeds two."""
    seen = [
        seen_under(finished, tmp_path / f"{n}", f"hashseed={seed}")[0]["hash"]
        for n, seed in enumerate((1, 1, 2))
    ]

    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize("state", ["shallow", "dirty"])
def test_git_is_shallow_or_dirty(finished, tmp_path, state):
    """The clone holds one commit, or changes that nobody has committed."""
    _, clone = seen_under(finished, tmp_path / "rerun", f"git={state}")

    def git(*words):
        return subprocess.check_output(["git", *words], cwd=clone.tree, text=True).strip()

    depth = subprocess.check_output(["git", "rev-list", "--count", "HEAD"], cwd=finished.root)
    assert int(depth) > 1
    if state == "shallow":
        assert git("rev-list", "--count", "HEAD") == "1"
    else:
        assert ".gitignore" in git("diff", "--name-only")


def test_worker_sees_the_variations(finished, tmp_path):
    """What reaches a stage's own process, past its fixed variables, is as varied: also the date."""
    words = ["path", "hostname=elsewhere", "user=4242", "threads", "time=2040-02-29",
             "file-order=shuffled", "umask=000", "environment", "home"]  # fmt: skip
    able = [one.variation.name for one in choose(words, HOST)[0]]
    command = [sys.executable, "-m", "harness.stage", "toy", "numbers"]

    seen, clone = seen_under(
        finished, tmp_path / "rerun", *[w for w in words if w.partition("=")[0] in able],
        command=command,
    )  # fmt: skip

    found = {name: seen[name] for name in ("hostname", "user", "date")}
    wanted = {"hostname": "elsewhere", "user": 4242, "time": "2040-02-29"}
    assert [*found.values()] == [
        value if name in able else found[key]
        for key, (name, value) in zip(found, wanted.items(), strict=True)
    ]
    assert seen["cwd"] == str(clone.tree)
    assert seen["cores"] == 1
    assert seen["listing"] != sorted(seen["listing"])
    # What the launcher fixes stays fixed.
    assert (seen["umask"], seen["threads"], seen["strays"]) == (0o022, "1", 0)


def test_waits_end_under_another_date(finished, tmp_path):
    """Sleeping and waiting take as long as they should when the date is another."""
    possible("time")

    seen, _ = seen_under(finished, tmp_path / "rerun", "time=epoch")

    assert seen["ended"]
    assert seen["waited"] >= 0.02


def test_without_namespaces_the_network_is_said_to_be_there(finished, tmp_path):
    """Where no namespace may be made a rerun still runs, behind dead proxies, and says so."""
    bare = Host(frozenset(), privileged=False, faketime="", disorderfs=False, localedef=False,
                diffoscope=False)  # fmt: skip
    code = (
        "import json, os; from pathlib import Path;"
        "Path('.harness/seen.json').write_text(json.dumps(os.environ['https_proxy']))"
    )
    command = [sys.executable, "-c", code]

    seen, _ = seen_under(finished, tmp_path / "rerun", host=bare, command=command)

    assert seen == "http://127.0.0.1:9"
    assert "not cut off" in Enclosure(bare, Setting()).network


def test_tools_are_found_where_they_are():
    """What the host is said to have is what is installed."""
    assert HOST.disorderfs <= (shutil.which("disorderfs") is not None)
    assert HOST.diffoscope == (shutil.which("diffoscope") is not None)
