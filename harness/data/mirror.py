"""One transfer from one mirror."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import BadStatusLine
from pathlib import Path
from typing import BinaryIO, NoReturn

from harness.data.refusal import Refused

_CONNECT = 10.0
_CHUNK = 1 << 16
LOWEST_RATE = 10_000
"""Bytes a second: a mirror that is slower over a whole transfer is given up."""


def download(url: str, path: Path, size: int, timeout: float) -> None:
    """Write what `url` answers to `path`, at most `size` bytes of it.

    Parameters
    ----------
    timeout
        Seconds without a byte after which the mirror is given up. The whole transfer may take
        two times that and what `size` bytes take at `LOWEST_RATE`.

    Raises
    ------
    Refused
        The mirror gave an error, stalled, broke off, was too slow, or sent more than `size` bytes.
    """
    import requests
    from pooch import HTTPDownloader  # type: ignore[import-untyped]

    transfer = HTTPDownloader(
        chunk_size=_CHUNK,
        timeout=(min(_CONNECT, timeout), timeout),
        # Otherwise a server may pack the file once more, and requests would unpack it.
        headers={"Accept-Encoding": "identity"},
    )
    with path.open("wb") as file:
        bounded = _Bounded(file, size)
        try:
            with _deadline(2 * timeout + size / LOWEST_RATE, bounded):
                transfer(url, bounded, None)
        # pooch raises ValueError for a content-length that is no number.
        except (requests.RequestException, ValueError) as error:
            raise Refused(_reason(error, timeout)) from error


@dataclass
class _Bounded:
    """A writer that refuses more than `limit` bytes."""

    file: BinaryIO
    limit: int
    done: int = 0

    def write(self, block: bytes) -> int:
        self.done += len(block)
        if self.done > self.limit:
            raise Refused(f"more than the {self.limit} bytes it should have")
        return self.file.write(block)

    def flush(self) -> None:
        self.file.flush()


@contextmanager
def _deadline(seconds: float, bounded: _Bounded) -> Iterator[None]:
    """Refuse a transfer that takes longer: a byte now and then would keep it alive for ever.

    A signal, since nothing else ends a read that some bytes do reach; outside the main thread,
    where Python delivers none, there is no such limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(*_: object) -> NoReturn:
        raise Refused(
            f"{bounded.done} of {bounded.limit} bytes in {seconds:.3g} s, "
            f"slower than {LOWEST_RATE // 1000} kB a second"
        )

    previous = signal.signal(signal.SIGALRM, give_up)
    # Again each second, should the first come where Python drops an exception.
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _reason(error: Exception, timeout: float) -> str:
    import requests
    import urllib3

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}".strip()
    stalled = bool(error.args) and isinstance(error.args[0], urllib3.exceptions.ReadTimeoutError)
    if stalled or isinstance(error, requests.Timeout):
        return f"no answer for {timeout:g} s"
    if isinstance(error, requests.ConnectionError):
        return f"cannot be reached: {_cause(error)}"
    known: dict[type[Exception], str] = {
        requests.TooManyRedirects: "redirects without end",
        requests.exceptions.InvalidSchema: "redirects to what is no http or https address",
        requests.exceptions.ChunkedEncodingError: "the connection broke before the end",
        requests.exceptions.ContentDecodingError: "sent a packed body that cannot be unpacked",
    }
    return known.get(type(error), f"{type(error).__name__}: {error}")


def _cause(error: BaseException) -> str:
    """Return the operating system's words, which requests wraps three times over."""
    cause: BaseException | None = error
    said = type(error).__name__
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if isinstance(cause, BadStatusLine):
            # Also what Python calls a connection that is closed without a word.
            said = "no answer in HTTP"
        cause = cause.__context__
    return said
