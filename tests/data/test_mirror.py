from __future__ import annotations

import socket

import pytest
from dataset_samples import GOOD

from harness.data.mirror import download
from harness.data.refusal import Refused


def test_a_good_mirror_delivers_the_bytes(mirror, tmp_path):
    """A download holds the bytes that the mirror sent."""
    download(mirror.url("good"), tmp_path / "part", len(GOOD), timeout=5)

    assert (tmp_path / "part").read_bytes() == GOOD


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("404", "404 Not Found"),
        ("403", "403 Forbidden"),
        ("500", "500 Internal Server Error"),
        ("loop", "redirects without end"),
        ("silent", "no answer for 0.2 s"),
        ("stall", "no answer for 0.2 s"),
        ("short", "the connection broke before the end"),
        ("long", f"more than the {len(GOOD)} bytes it should have"),
        ("garbled", "many"),
    ],
)
def test_a_bad_mirror_is_refused_with_its_reason(mirror, tmp_path, fault, reason):
    """Each fault of a mirror is told in words of its own."""
    # Only a mirror that stalls is waited for; a busy machine must not make the others look so.
    timeout = 0.2 if fault in ("silent", "stall") else 30
    with pytest.raises(Refused) as refused:
        download(mirror.url(fault), tmp_path / "part", len(GOOD), timeout)

    assert reason in str(refused.value)


def test_a_mirror_that_is_not_there_is_refused(tmp_path):
    """The operating system's words are passed on when nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/good"
        with pytest.raises(Refused, match="cannot be reached: Connection refused"):
            download(url, tmp_path / "part", len(GOOD), timeout=30)


def test_a_host_that_does_not_parse_is_refused(tmp_path):
    """An address that requests cannot use is a refusal and not a traceback."""
    with pytest.raises(Refused, match="Invalid"):
        download("http://[::1/x", tmp_path / "part", 1, timeout=0.2)
