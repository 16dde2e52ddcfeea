"""Environments: locked packages, built on demand, in a folder named by the lock's hash.

The standard library alone, since the launcher builds what a stage needs under any Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.stage.digest import file_digest
from harness.stage.hold import held
from harness.stage.planned import PlannedEnvironment

HARNESS = PlannedEnvironment("harness", "environments/harness.txt", "3.11", "bytes")
"""The harness's own, which makes the plans: it is needed before any of them can be read."""

# What uv says of a package that has wheels, but none for this platform or Python.
_NO_WHEEL = "has no wheels with a matching"


@dataclass(frozen=True)
class Environments:
    """The built environments of the project at `root`."""

    root: Path

    @property
    def home(self) -> Path:
        """The folder of all of them, ignored by git."""
        return self.root / ".harness" / "environments"

    def folder(self, environment: PlannedEnvironment) -> Path:
        """Where the environment of this lock and Python is, or will be."""
        lock = self.root / environment.lock
        if not lock.is_file():
            raise HarnessError(
                f"environment '{environment.name}': no lock {environment.lock}",
                "make it with `make lock`",
            )
        digest = file_digest(lock, "sha256")[:12]
        return self.home / f"{environment.name}-py{environment.python}-{digest}"

    def is_built(self, environment: PlannedEnvironment) -> bool:
        """Whether the environment can be used as it is."""
        return (self.folder(environment) / "bin" / "python").exists()

    def python(self, environment: PlannedEnvironment) -> Path:
        """Return the interpreter of `environment`, building it when it is not there.

        Raises
        ------
        HarnessError
            uv is not installed, or a package cannot be had on this platform.
        """
        folder = self.folder(environment)
        if not self.is_built(environment):
            with self._only_one() as lock:
                if not self.is_built(environment):
                    self._build(environment, folder, lock)
        return folder / "bin" / "python"

    def _build(self, environment: PlannedEnvironment, folder: Path, lock: int) -> None:
        print(f"building the environment '{environment.name}' ...", file=sys.stderr, flush=True)
        unfinished = folder.with_name(f".{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            self._install(environment, unfinished, lock)
            self._try_imports(environment, unfinished)
            shutil.rmtree(folder, ignore_errors=True)  # one without a working interpreter
            os.replace(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _install(self, environment: PlannedEnvironment, folder: Path, lock: int) -> None:
        uv = self._uv()
        python = environment.python
        # Under the harness's own interpreter when it fits: nothing has to be looked for.
        if sys.version_info[:2] == tuple(map(int, python.split("."))):
            python = sys.executable
        venv = ["venv", "--relocatable", "--python", python, str(folder)]
        self._call(environment, [uv, "-q", *venv], lock)
        # Stages write no bytecode; without it each one would compile its framework anew.
        options = ["--no-deps", "--require-hashes", "--compile-bytecode", *_torch_source()]
        target = ["--python", str(folder / "bin" / "python")]
        requirements = ["-r", str(self.root / environment.lock)]
        self._call(
            environment, [uv, "-q", "pip", "install", *options, *target, *requirements], lock
        )

    def _try_imports(self, environment: PlannedEnvironment, folder: Path) -> None:
        if not environment.imports:
            return
        code = f"import {', '.join(environment.imports)}"
        done = subprocess.run(
            [str(folder / "bin" / "python"), "-I", "-c", code],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
            raise HarnessError(
                f"environment '{environment.name}': `{code}` fails in it:\n{reason}",
                "a library of the system may be missing, or this CPU lacks what the wheel needs",
            )

    def _uv(self) -> str:
        own = self.root / ".venv" / "bin" / "uv"
        found = str(own) if own.exists() else shutil.which("uv")
        if found is None:
            raise HarnessError("uv is not installed", "run `make setup`")
        return found

    def _call(self, environment: PlannedEnvironment, command: list[str], lock: int) -> None:
        variables = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
        # uv holds the lock too: when the harness is killed, nobody builds before uv has ended.
        done = subprocess.run(
            command, capture_output=True, text=True, env=variables, check=False, pass_fds=(lock,)
        )
        if done.returncode == 0:
            return
        said = done.stderr.strip()
        if _NO_WHEEL in said:
            raise HarnessError(
                f"environment '{environment.name}': a package of {environment.lock} does not "
                f"exist for this platform ({sys.platform}, Python {environment.python}):\n{said}",
                "the locks are for x86-64 Linux with glibc 2.28 or newer; the Dockerfile has it",
            )
        raise HarnessError(
            f"environment '{environment.name}': cannot be built from {environment.lock}:\n{said}",
            "check the lock, the connection to the package index and the space on the disk; "
            "then run the command again",
        )

    @contextmanager
    def _only_one(self) -> Iterator[int]:
        place, what = self.home / ".lock", "the building of environments"
        with held(place, what, " ".join(sys.argv), wait=True) as hold:
            yield hold.descriptors[0]


def _torch_source() -> list[str]:
    """Where PyTorch's CPU wheel comes from: a local folder of wheels, or PyTorch's own index."""
    folder = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS")
    return ["--find-links", folder] if folder else ["--torch-backend", "cpu"]
