"""A machine of another instruction set, emulated here: TVM's RPC server under QEMU's user mode.

It stands for a board, such as a Raspberry Pi, that nobody has at hand. Debian's Python for that
instruction set and TVM's wheels for it lie unpacked in a folder of the project, and QEMU runs the
one with the other. What it computes is what a board computes; how long it takes says nothing.

``python -m harness.devices.emulated 2`` puts it together, starts two servers, says where they
listen, and ends them when it is interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from harness.devices import debian
from harness.devices.command import output
from harness.devices.servers import Program, running
from harness.errors import HarnessError
from harness.project import Project
from harness.stage import interrupt
from harness.stage.hold import held

PATIENCE_S = 240.0
"""Until a server must listen; it takes 15 seconds when the machine is idle."""

_PYTHON = "python3.11"
_DEBIAN = (_PYTHON, "libstdc++6")
_PACKAGES = "usr/lib/python3/dist-packages"  # where Debian's Python looks without being told
_ADVICE = "check the connection to the package index and the space on the disk"
_INSTALL_S = 300
_TRY_S = 180

# TVM's server starts processes of its own by Python's name for itself, which the kernel cannot
# run. So that name is this script's.
_SCRIPT = """\
#!/bin/sh
emulator=$(command -v qemu-{name}-static || command -v qemu-{name}) ||
  {{ echo "qemu-{name}-static is not installed" >&2; exit 127; }}
root=${{0%/usr/bin/python}}
# What speaks of the modules and the processor of this machine is not for that one.
unset PYTHONPATH PYTHONHOME OPENBLAS_CORETYPE NPY_DISABLE_CPU_FEATURES
exec "$emulator" -L "$root" -0 "$0" "$root/usr/bin/{python}" "$@"
"""


@dataclass(frozen=True)
class Instructions:
    """An instruction set.

    Parameters
    ----------
    name
        As the kernel and QEMU call it.
    debian
        As Debian calls it.
    wheels
        The platform whose wheels uv shall take.
    lock
        What TVM's RPC server imports there, from the project's root.
    """

    name: str
    debian: str
    wheels: str
    lock: str


AARCH64 = Instructions("aarch64", "arm64", "aarch64-manylinux_2_28", "environments/tvm-aarch64.txt")
"""Of a Raspberry Pi from the third on, under a 64-bit system."""


@dataclass(frozen=True)
class Emulated:
    """The emulated machine of the project at `root`; any number of servers run in it."""

    root: Path
    instructions: Instructions = AARCH64

    @property
    def folder(self) -> Path:
        """Where the system of this lock is, or will be; ignored by git."""
        lock = self.root / self.instructions.lock
        if not lock.is_file():
            raise HarnessError(
                f"no lock {self.instructions.lock} for the emulated machine",
                "make it with `make lock`",
            )
        recipe = repr((lock.read_bytes(), self.instructions, _DEBIAN, _SCRIPT))
        digest = hashlib.sha256(recipe.encode()).hexdigest()[:12]
        return self.root / ".harness" / "emulated" / f"{self.instructions.name}-{digest}"

    @property
    def python(self) -> Path:
        """Its Python, as a program of this machine."""
        return self.folder / "usr" / "bin" / "python"

    def is_prepared(self) -> bool:
        """Whether the system can be used as it is."""
        return self.python.exists()

    def lacks(self) -> str | None:
        """Return which program is missing here, and whence it comes; None when all are there."""
        name = self.instructions.name
        if not any(map(shutil.which, (f"qemu-{name}-static", f"qemu-{name}"))):
            return f"qemu-{name}-static is not installed; it is in Debian's qemu-user-static"
        if self.is_prepared():
            return None
        for program in debian.PROGRAMS:
            if shutil.which(program) is None:
                return f"{program} is not installed; Debian and systems made from it have it"
        return None if self._uv() else "uv is not installed; `make setup` installs it"

    def prepare(self) -> None:
        """Put the system together, unless it is there: 30 seconds, 460 MB.

        Raises
        ------
        HarnessError
            A program is missing here; Debian's mirror or the package index cannot be reached or
            lacks a package; or TVM cannot be imported in the finished system. Nothing half-made
            stays.
        """
        what = f"an emulated {self.instructions.name}"
        lacks = self.lacks()
        if lacks is not None:
            raise HarnessError(f"{what} cannot be had here: {lacks}", "install it")
        if self.is_prepared():
            return
        lock = self.folder.with_name(".lock")
        with held(lock, "the building of emulated machines", " ".join(sys.argv), wait=True):
            if self.is_prepared():
                return
            print(f"putting {what} together ...", file=sys.stderr, flush=True)
            try:
                self._build()
            except HarnessError as error:
                said = f"{what} cannot be put together: {error.message}"
                raise HarnessError(said, error.remedy) from error

    def server(self, name: str) -> Program:
        """Return the program that serves one node by TVM's RPC, once the system is prepared."""
        serve = ("-m", "tvm.exec.rpc_server", "--host", "{address}", "--port", "{port}")
        # TVM looks for a port below an end, which is 9199 by default.
        command = (str(self.python), *serve, "--port-end", "65536")
        return Program(name, command, variables={"TVM_NUM_THREADS": "1"})

    def _build(self) -> None:
        place, prefix = self.folder.parent, f".{self.folder.name}."
        for left in place.glob(f"{prefix}*"):
            shutil.rmtree(left, ignore_errors=True)
        # A name of its own: what a build that was killed had started may still write to its own.
        unfinished = Path(mkdtemp(prefix=prefix, dir=place))
        unfinished.chmod(0o755)
        try:
            debian.unpack(_DEBIAN, self.instructions.debian, unfinished)
            self._install(unfinished)
            python = unfinished / "usr" / "bin" / "python"
            python.write_text(_SCRIPT.format(name=self.instructions.name, python=_PYTHON))
            python.chmod(0o755)
            self._try(python)
            os.replace(unfinished, self.folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _install(self, system: Path) -> None:
        uv = self._uv()
        assert uv is not None
        install = [uv, "-q", "pip", "install", "--python", sys.executable]
        platform = ["--python-platform", self.instructions.wheels, "--python-version", "3.11"]
        options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--compile-bytecode"]
        place = ["--target", str(system / _PACKAGES), "-r", str(self.root / self.instructions.lock)]
        output([*install, *platform, *options, *place], _INSTALL_S, _ADVICE)
        # Bytecode is the same for every instruction set; without it a start takes twice as long.
        library = str(system / "usr" / "lib" / _PYTHON)
        output([sys.executable, "-m", "compileall", "-q", library], _INSTALL_S, _ADVICE)

    def _try(self, python: Path) -> None:
        code = "import platform, tvm; print(platform.machine())"
        machine = output([str(python), "-I", "-c", code], _TRY_S, "see what it said").strip()
        if machine != self.instructions.name:
            raise HarnessError(f"its Python runs on {machine}", "install QEMU's user mode anew")

    def _uv(self) -> str | None:
        own = self.root / ".venv" / "bin" / "uv"
        return str(own) if own.exists() else shutil.which("uv")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.devices.emulated", description="Serve emulated boards."
    )
    parser.add_argument("boards", type=int, choices=range(1, 9), metavar="BOARDS", help="1 to 8")
    boards = parser.parse_args(arguments).boards
    interrupt.heed()
    try:
        machine = Emulated(Project.find().root)
        machine.prepare()
        programs = [machine.server(f"board {number}") for number in range(boards)]
        with TemporaryDirectory(prefix="harness-boards-") as folder:
            _serve(programs, Path(folder))
    except HarnessError as error:
        print(f"harness.devices.emulated: {error}", file=sys.stderr)
        return error.status
    except interrupt.Interrupted as signalled:
        return signalled.status
    return 0


def _serve(programs: Sequence[Program], folder: Path) -> None:
    with running(programs, folder, PATIENCE_S) as servers:
        print("servers:")
        for server in servers:
            print(f"- {{address: {server.address}, port: {server.port}}}")
        sys.stdout.flush()
        while True:
            signal.pause()


if __name__ == "__main__":
    sys.exit(main())
