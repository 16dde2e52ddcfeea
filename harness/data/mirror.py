"""One transfer from one mirror."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.data.refusal import Refused

_CONNECT = 10.0
_CHUNK = 1 << 16


def download(url: str, path: Path, size: int, timeout: float) -> None:
    """Write what `url` answers to `path`, at most `size` bytes of it.

    Parameters
    ----------
    timeout
        Seconds without a byte after which the mirror is given up.

    Raises
    ------
    Refused
        The mirror gave an error, stalled, broke off, or sent more than `size` bytes.
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
        try:
            transfer(url, _Bounded(file, size), None)
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


def _reason(error: Exception, timeout: float) -> str:
    import requests
    import urllib3

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}".strip()
    if isinstance(error, requests.TooManyRedirects):
        return "redirects without end"
    stalled = bool(error.args) and isinstance(error.args[0], urllib3.exceptions.ReadTimeoutError)
    if stalled or isinstance(error, requests.Timeout):
        return f"no answer for {timeout:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke before the end"
    if isinstance(error, requests.ConnectionError):
        return f"cannot be reached: {_cause(error)}"
    return f"{type(error).__name__}: {error}"


def _cause(error: BaseException) -> str:
    """Return the operating system's words, which requests wraps three times over."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__context__
    return type(error).__name__
