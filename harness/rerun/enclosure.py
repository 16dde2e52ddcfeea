"""Running a command in a clone, under a setting, cut off from the network."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.errors import HarnessError
from harness.rerun import libc
from harness.rerun.clone import Clone
from harness.rerun.host import Host
from harness.rerun.setting import Setting
from harness.stage import children

_DEAD = "http://127.0.0.1:9"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_PROGRESS = re.compile(rb"^\S+/\S+ \(\d+ of \d+")
_POLL = 0.2
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Enclosure:
    """Where commands of a rerun run: on this host, under one setting.

    Parameters
    ----------
    host
        What can be had here.
    setting
        What is changed.
    """

    host: Host
    setting: Setting

    @property
    def network(self) -> str:
        """How the network is kept away."""
        if "net" in self.host.namespaces:
            return "none: a network namespace of its own"
        return "not cut off: `unshare --net` is not permitted; proxies lead nowhere instead"

    def run(self, clone: Clone, command: list[str]) -> int:
        """Run a command at the top of a clone and return its exit status.

        What it prints goes to the clone's log; lines of progress are shown too.

        Raises
        ------
        HarnessError
            The setting cannot be made, such as a locale that does not build.
        """
        request = {
            "command": [*self._as_user(), *command],
            "folder": str(clone.seen),
            "variables": self._variables(clone),
            "hostname": self.setting.hostname,
            "cores": self.setting.cores,
            "umask": self.setting.umask,
            "mount": self._mount(clone),
            "binds": libc.binds(self.setting.libc) if self.setting.libc else [],
            "close_input": self.setting.terminal == "none",
        }
        place = clone.folder / "request.json"
        place.write_text(json.dumps(request), encoding="utf-8")
        enter = str(Path(__file__).with_name("enter.py"))
        outer = [*self._namespaces(), sys.executable, "-I", enter, str(place)]
        with clone.log.open("ab") as log:
            return _run(outer, clone.folder, log, self.setting.terminal)

    def _namespaces(self) -> list[str]:
        wanted = [f"--{name}" for name in ("net", "uts", "mount") if name in self.host.namespaces]
        if not wanted:
            return []
        return ["unshare", *([] if self.host.privileged else ["--map-root-user"]), *wanted, "--"]

    def _as_user(self) -> list[str]:
        user, group = self.setting.user, self.setting.user
        if user is None and self._namespaces() and not self.host.privileged:
            user, group = os.getuid(), os.getgid()  # not the root of the namespace
        if user is None:
            return []
        return ["unshare", f"--map-user={user}", f"--map-group={group}", "--"]

    def _mount(self, clone: Clone) -> list[str]:
        if self.setting.listing != "disorderfs":
            return []
        return [str(clone.tree), str(clone.seen.resolve())]

    def _variables(self, clone: Clone) -> dict[str, str]:
        shell = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "HARNESS_"))}
        setting = self.setting
        if "net" not in self.host.namespaces:
            shell |= dict.fromkeys(_PROXIES, _DEAD)
        variables = {**shell, **setting.variables, **self._home(clone), **self._locale(clone)}
        path = [str(clone.seen), *filter(None, [setting.variables.get("PYTHONPATH")])]
        return {
            **variables,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "PYTHONPATH": os.pathsep.join(path),
            # The environments are shared: nothing may be compiled into them under another date.
            "PYTHONDONTWRITEBYTECODE": "1",
            "DVC_SITE_CACHE_DIR": str(clone.folder / "site-cache"),
            "DVC_NO_ANALYTICS": "true",
        }

    def _home(self, clone: Clone) -> dict[str, str]:
        if not self.setting.home:
            return {}
        home = clone.folder / "home"
        names = {"XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data",
                 "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "runtime"}  # fmt: skip
        for folder in (home, *(home / name for name in names.values())):
            folder.mkdir(mode=0o700, exist_ok=True)
        return {"HOME": str(home), **{key: str(home / name) for key, name in names.items()}}

    def _locale(self, clone: Clone) -> dict[str, str]:
        name = self.setting.locale
        if not name:
            return {}
        selected = {"LC_ALL": name, "LANG": name, "LANGUAGE": name.partition(".")[0]}
        if not self.host.has_sources(name):
            return selected
        folder = clone.folder.parent / "locale"
        if not (folder / name).exists():
            folder.mkdir(exist_ok=True)
            source = name.partition(".")[0]
            command = ["localedef", "-i", source, "-f", "UTF-8", str(folder / name)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if not (folder / name).exists():
                raise HarnessError(
                    f"localedef cannot build {name}: {done.stderr.strip()}",
                    "name another with `--vary locale=NAME`",
                )
        return {**selected, "LOCPATH": str(folder)}


def _run(command: list[str], folder: Path, log: BinaryIO, terminal: str | int) -> int:
    ours, theirs = _terminal(terminal) if isinstance(terminal, int) else os.pipe()
    stdin = theirs if isinstance(terminal, int) else subprocess.DEVNULL
    with closing(os.fdopen(ours, "rb", buffering=0)):
        try:
            process = subprocess.Popen(
                command, cwd=folder, stdin=stdin, stdout=theirs, stderr=theirs,
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(theirs)
        try:
            _follow(process, ours, log)
        finally:
            children.end([process])
    return process.returncode


def _terminal(columns: int) -> tuple[int, int]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return ours, theirs


def _follow(process: subprocess.Popen[bytes], source: int, log: BinaryIO) -> None:
    """Copy what a process prints to the log until it ends, and show its lines of progress.

    A process that it left behind may hold the pipe open: the end of the pipe is not waited for.
    """
    line = b""
    while True:
        ended = process.poll() is not None
        ready, _, _ = select.select([source], [], [], 0 if ended else _POLL)
        chunk = _read(source) if ready else b""
        if chunk:
            log.write(chunk)
            log.flush()
            *lines, line = (line + chunk).split(b"\n")
            _show(lines)
        elif ended:
            return
        elif ready:
            process.wait()  # all writers are gone


def _read(source: int) -> bytes:
    try:
        return os.read(source, _CHUNK)
    except OSError:  # what a terminal without writers gives
        return b""


def _show(lines: list[bytes]) -> None:
    for line in lines:
        if _PROGRESS.match(line):
            print(f"  {line.decode(errors='replace').strip()}", file=sys.stderr, flush=True)
