"""What this machine permits and has: namespaces, tools, locales, time zones."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FAKETIME = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
    "/usr/local/lib/faketime/libfaketime.so.1",
)
_LOCALES = Path("/usr/share/i18n/locales")
_ZONES = Path("/usr/share/zoneinfo")
_NAMESPACES = {"net": "--net", "mount": "--mount", "uts": "--uts"}


@dataclass(frozen=True)
class Host:
    """What reruns can make use of here.

    Parameters
    ----------
    namespaces
        Those that may be made: net, mount, uts, user.
    privileged
        Whether they may be made without a user namespace around them.
    faketime
        The path of libfaketime, or "".
    disorderfs
        Whether disorderfs is installed and can be mounted.
    localedef
        Whether locales can be built.
    diffoscope
        Whether it is installed.
    """

    namespaces: frozenset[str]
    privileged: bool
    faketime: str
    disorderfs: bool
    localedef: bool
    diffoscope: bool

    @classmethod
    def here(cls) -> Host:
        """Try everything out, without leaving a trace."""
        privileged = os.geteuid() == 0 and _runs("unshare", "--net", "true")
        prefix = ("unshare",) if privileged else ("unshare", "--map-root-user")
        made = {name for name, flag in _NAMESPACES.items() if _runs(*prefix, flag, "true")}
        if _runs("unshare", "--map-user=4242", "--map-group=4242", "true"):
            made.add("user")
        return cls(
            namespaces=frozenset(made),
            privileged=privileged,
            faketime=next((path for path in _FAKETIME if Path(path).is_file()), ""),
            disorderfs="mount" in made and _mounts_disorderfs(prefix),
            localedef=shutil.which("localedef") is not None,
            diffoscope=shutil.which("diffoscope") is not None,
        )

    def can_make_locale(self, name: str) -> bool:
        """Whether the locale is installed, or its sources and localedef are."""
        return self.has_sources(name) or _plain(name) in _installed_locales()

    def has_sources(self, name: str) -> bool:
        """Whether the locale can be built."""
        source, _, charset = name.partition(".")
        return self.localedef and (_LOCALES / source).is_file() and charset == "UTF-8"

    def has_zone(self, name: str) -> bool:
        """Whether the C library knows the time zone: POSIX rules always, names by their file."""
        return name.startswith("<") or (bool(name) and (_ZONES / name).is_file())


def _runs(*command: str) -> bool:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _mounts_disorderfs(prefix: tuple[str, ...]) -> bool:
    if shutil.which("disorderfs") is None:
        return False
    with tempfile.TemporaryDirectory(prefix="harness-rerun-") as folder:
        tree, point = Path(folder) / "tree", Path(folder) / "point"
        (tree / "inside").mkdir(parents=True)
        point.mkdir()
        script = 'disorderfs -q "$1" "$2" && test -d "$2/inside"; s=$?; umount "$2"; exit $s'
        return _runs(*prefix, "--mount", "sh", "-c", script, "sh", str(tree), str(point))


@cache
def _installed_locales() -> frozenset[str]:
    try:
        done = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False)
    except OSError:
        return frozenset({"c", "posix"})
    return frozenset(map(_plain, done.stdout.splitlines())) | {"c", "posix"}


def _plain(locale: str) -> str:
    """C.UTF-8 and C.utf8 are the same locale."""
    return locale.lower().replace("utf-8", "utf8")
