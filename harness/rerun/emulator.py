"""QEMU's user mode: another CPU for one process, on this machine."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError, UsageError

CPUS = ("Haswell", "EPYC-Milan")
"""What is emulated when nothing is chosen: AVX2 of Intel, and of AMD."""

_NAMES = ("qemu-x86_64-static", "qemu-x86_64")
_LOADER = "/lib64/ld-linux-x86-64.so.2"
_PACKAGE = "install Debian's qemu-user-static, or put its qemu-x86_64-static on PATH"
_IDENTITY = re.compile(
    r"^x86\.cpu_features\.(?:basic\.(?:kind|family|model)|isa_1)=.*$", re.MULTILINE
)
_USABLE = re.compile(r"^x86\.cpu_features\.features\[.*\]\.active\[.*\]=.*$", re.MULTILINE)
_VENDORS = {"0x1": "Intel", "0x2": "AMD", "0x3": "Zhaoxin", "0x4": "other"}


@dataclass(frozen=True)
class SeenCpu:
    """The CPU as a process sees it, by the C library's own diagnosis.

    Parameters
    ----------
    vendor, family, model
        Of the CPUID instruction; "unavailable" where the C library does not tell.
    features
        What NumPy finds that the CPU can do, in the harness's environment.
    fingerprint
        16 hexadecimal digits over all of it, with every feature that the C library uses.
    """

    vendor: str
    family: str
    model: str
    features: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True)
class Emulator:
    """An installed QEMU.

    Parameters
    ----------
    path
        Of the program.
    version
        The first line that it says of itself.
    """

    path: str
    version: str

    @classmethod
    def find(cls) -> Emulator:
        """Return the emulator on PATH; HarnessError when there is none."""
        path = next(filter(None, map(shutil.which, _NAMES)), None)
        if path is None:
            raise HarnessError(
                f"--vary cpu cannot be had here: neither {' nor '.join(_NAMES)} is installed",
                _PACKAGE,
            )
        lines = _output([path, "--version"]).splitlines()
        return cls(path, lines[0] if lines else "unknown version")

    def command(self, cpu: str, command: Sequence[str]) -> list[str]:
        """Return the command that runs `command` on an emulated CPU."""
        return [self.path, "-cpu", cpu, *command]

    def check(self, cpu: str) -> None:
        """Raise UsageError when the emulator knows no such CPU."""
        known = [line.split()[1] for line in _output([self.path, "-cpu", "help"]).splitlines()
                 if line.startswith("x86 ")]  # fmt: skip
        if cpu not in known:
            raise UsageError(f"--vary cpu={cpu}: {self.version} knows: {', '.join(sorted(known))}")

    def see(self, cpu: str, python: Path) -> SeenCpu:
        """Return the CPU that a process on the emulated `cpu` sees.

        /proc/cpuinfo is no witness: it tells of the host, under emulation too.

        Parameters
        ----------
        python
            The interpreter of the harness's environment, which has NumPy.
        """
        diagnosis = _output(self.command(cpu, [_LOADER, "--list-diagnostics"]))
        identity = dict(line.rpartition(".")[2].split("=") for line in _IDENTITY.findall(diagnosis))
        code = (
            "from numpy._core._multiarray_umath import __cpu_features__ as features\n"
            "print(*sorted(name for name, there in features.items() if there))"
        )
        features = tuple(_output(self.command(cpu, [str(python), "-I", "-c", code])).split())
        usable = _USABLE.findall(diagnosis)
        told = "\n".join([*map(str, sorted(identity.items())), *features, *usable])
        return SeenCpu(
            vendor=_VENDORS.get(identity.get("kind", ""), "unavailable"),
            family=identity.get("family", "unavailable"),
            model=identity.get("model", "unavailable"),
            features=features,
            fingerprint=hashlib.sha256(told.encode()).hexdigest()[:16],
        )


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.stdout
