"""A server with every kind of bad mirror, and a project that holds the real dataset specs."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dataset_samples import GOOD

from harness.project import Project

REPOSITORY = Path(__file__).parents[2]


class Mirror(ThreadingHTTPServer):
    """Answers `/<fault>/<anything>` with that fault."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.released = threading.Event()

    def url(self, path: str) -> str:
        """Return the address of `path`."""
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, request, client_address):
        """A client that hangs up is what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One request, answered with the fault that its path names."""

    server: Mirror

    def do_GET(self):
        """Answer with an error, with nothing, or with some bytes."""
        self.server.asked.append(self.path)
        fault = self.path.strip("/").split("/")[0]
        if fault.isdigit():
            self.send_error(int(fault))
        elif fault == "loop":
            self.send_response(302)
            self.send_header("Location", self.path)
            self.end_headers()
        elif fault == "silent":
            self.server.released.wait()
        else:
            self._send(fault)

    def _send(self, fault: str):
        body = {
            "other": bytes(len(GOOD)),
            "cut": GOOD[:1000],
            "short": GOOD[:1000],
            "stall": GOOD[:1000],
            "long": GOOD + b"more",
        }.get(fault, GOOD)
        self.send_response(200)
        if fault == "garbled":
            self.send_header("Content-Length", "many")
        elif fault != "cut":
            self.send_header(
                "Content-Length", str(len(GOOD if fault in ("short", "stall") else body))
            )
        self.end_headers()
        self.wfile.write(body)
        if fault == "stall":
            self.wfile.flush()
            self.server.released.wait()

    def log_message(self, *_):
        """Keep the output of the tests clean."""


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the mirrors themselves, whatever proxy the user has."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """Run a mirror in a thread."""
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Enter a project with the real specs of datasets and no downloads."""
    root = tmp_path / "project"
    shutil.copytree(REPOSITORY / "specs" / "dataset", root / "specs" / "dataset")
    (root / "specs" / "config.yaml").touch()
    monkeypatch.chdir(root)
    return Project(root)
