"""Mirrors of every bad kind: what is told, what stays, and the next one is asked."""

import socket

import ledger
import pytest
from bad_mirror import GOOD, BadMirror
from data.dataset_samples import archive, dataset, leftovers

from harness.data.fetch import obtain
from harness.errors import HarnessError

LAYOUT = {"kind": "cifar-binary", "label_bytes": 1, "train": ["a"], "test": ["b"]}
SHORT = 1.0  # seconds; for mirrors that never end, and for the good one that is asked after them
LONG = 60.0
FAULTS = {
    "404": "404 Not Found",
    "403": "403 Forbidden",
    "500": "500 Internal Server Error",
    "503": "503 Service Unavailable",
    "loop": "redirects without end",
    "to-file": "redirects to what is no http or https address",
    "to-ftp": "redirects to what is no http or https address",
    "stall": "no answer for 1 s",
    "stall-in-body": "no answer for 1 s",
    "drip": "slower than 10 kB a second",
    "drip-headers": "slower than 10 kB a second",
    "truncated-right-length": "the connection broke before the end",
    "truncated-wrong-length": f"1000 bytes instead of {len(GOOD)}",
    "truncated-no-length": f"1000 bytes instead of {len(GOOD)}",
    "other-bytes": "sha256",
    "gzip-broken": "cannot be unpacked",
    "gzip-bomb": f"more than the {len(GOOD)} bytes",
    "huge": f"more than the {len(GOOD)} bytes",
    "no-http": "cannot be reached: no answer in HTTP",
    "closes": "cannot be reached: no answer in HTTP",
    "reset": "cannot be reached: Connection reset by peer",
    "reset-in-body": "connection",
}
ENDLESS = ("stall", "stall-in-body", "drip", "drip-headers")


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """Ask the mirrors themselves, whatever proxy the user has."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def mirror():
    """Give a mirror that has every fault."""
    server = BadMirror()
    yield server
    server.close()


def sample(*urls):
    """Return a dataset of one archive with these mirrors."""
    files = {"kind": "archives", "files": [archive("set.tar.gz", GOOD, urls=list(urls))]}
    return dataset(source=files, format=LAYOUT)


def fetch(folder, *urls, timeout=LONG):
    """Fetch the archive and return what was told and the reason of a refusal, if any."""
    told = []
    try:
        obtain(sample(*urls), folder, told.append, timeout)
    except HarnessError as error:
        return told, error
    return told, None


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_mirror_is_named_and_nothing_of_it_stays(mirror, tmp_path, fault):
    """A bad mirror is told with its reason, leaves no byte, and the next fetch works."""
    url = mirror.url(fault)
    told, refused = fetch(tmp_path, url, timeout=SHORT if fault in ENDLESS else LONG)

    assert told == [f"set.tar.gz: from {url}"]
    assert "set.tar.gz could not be fetched" in refused.message
    assert f"\n  {url}: " in refused.message
    assert FAULTS[fault] in refused.message
    assert "harness data adopt sample PATH" in refused.remedy
    assert leftovers(tmp_path) == []
    assert fetch(tmp_path, mirror.url("good"))[1] is None
    assert (tmp_path / "sample" / "set.tar.gz").read_bytes() == GOOD
    reason = refused.message.rpartition(f"{url}: ")[2]
    ledger.enter(ledger.Line("mirror", fault, "data fetch", 1, f"refused: {reason}"))


@pytest.mark.parametrize("fault", FAULTS)
def test_next_mirror_is_asked_after_a_bad_one(mirror, tmp_path, fault):
    """After each fault the second mirror is asked, and its archive is the right one."""
    timeout = SHORT if fault in ENDLESS else LONG
    _, refused = fetch(tmp_path, mirror.url(fault), mirror.url("good"), timeout=timeout)

    assert refused is None
    assert mirror.asked[-1] == "good"
    assert leftovers(tmp_path) == ["sample/set.tar.gz"]
    ledger.enter(ledger.Line("mirror", fault, "then a good mirror", 1, "fetched from the second"))


@pytest.mark.parametrize("fault", ["gzip", "to-good"])
def test_roundabout_mirror_is_good_enough(mirror, tmp_path, fault):
    """A mirror that packs the body once more, or leads on, still delivers the right bytes."""
    assert fetch(tmp_path, mirror.url(fault))[1] is None
    assert (tmp_path / "sample" / "set.tar.gz").read_bytes() == GOOD
    ledger.enter(ledger.Line("mirror", fault, "data fetch", 1, "fetched, the bytes are right"))


def test_huge_body_is_cut_off(mirror, tmp_path):
    """Of a body without end little more is taken than the archive should have."""
    fetch(tmp_path, mirror.url("huge"))
    mirror.given_up.set()

    assert mirror.sent < 64 << 20


def test_every_way_is_named_in_its_order(mirror, tmp_path):
    """When no way leads to the archive, the message has a line for each with its reason."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{bound.getsockname()[1]}/set.tar.gz"
        urls = [mirror.url("404"), mirror.url("other-bytes"), nobody]
        told, refused = fetch(tmp_path, *urls)

    lines = refused.message.splitlines()[1:]
    assert [line.strip().partition(": ")[0] for line in lines] == urls
    assert lines[2].endswith("cannot be reached: Connection refused")
    assert len(told) == 3
    ledger.enter(ledger.Line("mirror", "no server at all", "data fetch", 1,
                             "refused: cannot be reached: Connection refused"))  # fmt: skip


def test_address_of_a_family_that_nobody_serves_is_told(tmp_path):
    """A mirror that has an IPv6 address alone, and nothing there, is told with the reason."""
    _, refused = fetch(tmp_path, "http://[::1]:9/set.tar.gz")

    assert "http://[::1]:9/set.tar.gz: cannot be reached: " in refused.message
    reason = refused.message.rpartition("set.tar.gz: ")[2]
    ledger.enter(ledger.Line("mirror", "IPv6 alone", "data fetch", 1, f"refused: {reason}"))


def test_name_without_an_address_is_told(tmp_path, monkeypatch):
    """A mirror whose name is not known is told in the resolver's words."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # The resolver itself may ask a network that a test must not touch.
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    _, refused = fetch(tmp_path, "http://mirror.invalid/set.tar.gz")

    assert "set.tar.gz: cannot be reached: Name or service not known" in refused.message
    ledger.enter(ledger.Line("mirror", "unknown name", "data fetch", 1,
                             "refused: cannot be reached: Name or service not known"))  # fmt: skip
