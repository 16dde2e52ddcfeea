"""Runs commands of the harness with one write operation that fails, each in a forked process.

A process of its own, since it loads the harness of a project once and then forks for every run:
`python saboteur.py` in the project reads one JSON request a line and answers with one JSON line.
Every way of Python to change a disk is replaced: opening for writing, writing, truncating, fsync,
chmod, mkdir, rename, link, unlink and the rest. Each is counted; the chosen one fails instead.
"""

import builtins
import contextlib
import errno
import importlib
import io
import json
import os
import shutil  # noqa: F401 - it looks up what the system can do when it is loaded
import sys
import traceback

# These take no space: on a full disk they still work.
_FREE = {"unlink", "remove", "rmdir", "chmod", "utime"}
_CHANGES = (
    "chmod", "fsync", "ftruncate", "link", "mkdir", "remove", "rename", "replace", "rmdir",
    "sendfile", "symlink", "truncate", "unlink", "utime", "write",
)  # fmt: skip


class Saboteur:
    """Counts the write operations below `root`; from the n-th on, or at it alone, they fail."""

    def __init__(self, root, at, code, lasting):
        self.root, self.at, self.code, self.lasting = root, at, code, lasting
        self.sites = []

    def strike(self, operation, target):
        """Count an operation, and fail when it is the chosen one."""
        if not self._is_inside(target):
            return
        self.sites.append([operation, *_callers()])
        number = len(self.sites)
        later = self.lasting and number > self.at and operation not in _FREE
        if self.at and (number == self.at or later):
            name = target if isinstance(target, str) else None
            raise OSError(self.code, os.strerror(self.code), name)

    def _is_inside(self, target):
        if isinstance(target, int):
            path = os.readlink(f"/proc/self/fd/{target}") if target > 2 else ""
        else:
            path = os.path.abspath(os.fsdecode(target))
        return path.startswith(self.root + "/")

    def install(self):
        """Replace the functions of this process."""
        for name in _CHANGES:
            setattr(os, name, self._failing(name, getattr(os, name)))
        real_open = os.open

        def os_open(path, flags, *more, **options):
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
                self.strike("open", os.fspath(path))
            return real_open(path, flags, *more, **options)

        os.open = os_open
        builtins.open = io.open = self._opening(io.open)

    def _failing(self, name, real):
        def function(target, *more, dir_fd=None, **options):
            place = os.fspath(target) if not isinstance(target, int) else target
            if dir_fd is not None and isinstance(place, str):
                place = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), place)
            self.strike(name, place)
            if dir_fd is not None:
                options["dir_fd"] = dir_fd
            return real(target, *more, **options)

        return function

    def _opening(self, real):
        saboteur = self

        class Raw(io.FileIO):
            def write(self, block):
                saboteur.strike("write", self.fileno())
                return super().write(block)

            def truncate(self, size=None):
                saboteur.strike("truncate", self.fileno())
                return super().truncate(size)

        def opening(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None,
                    closefd=True, opener=None):  # fmt: skip
            if not set(mode) & set("wax+"):
                return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
            if not isinstance(file, int):
                file = os.fspath(file)
                saboteur.strike("open", file)
            raw = Raw(file, mode.replace("b", "").replace("t", ""), closefd, opener)
            if buffering == 0:
                return raw
            buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            if "b" in mode:
                return buffered
            return io.TextIOWrapper(buffered, encoding, errors, newline)

        return opening


def _callers():
    """The lines of the harness that led here: what tells one write operation from another."""
    frame, found = sys._getframe(2), []
    while frame is not None:
        name = frame.f_code.co_filename
        if "/harness/" in name:
            found.append(f"{name.rpartition('/harness/')[2]}:{frame.f_lineno}")
        frame = frame.f_back
    return found


def run(request):
    """Run one request in a fork and return its exit status, its words and its operations."""
    out, back = os.memfd_create("said"), os.memfd_create("sites")
    child = os.fork()
    if child == 0:
        os.dup2(out, 1)
        os.dup2(out, 2)
        status = 99
        try:
            status = _command(request, back)
        except SystemExit as error:
            status = error.code
        except BaseException:  # noqa: BLE001 - what the interpreter would print
            traceback.print_exc()
            status = 98
        finally:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
            os._exit(status or 0)
    _, status = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(status), "said": _all(out).decode(),
            "sites": json.loads(_all(back) or b"[]")}  # fmt: skip


def _command(request, back):
    os.environ.update(request["variables"])
    sys.argv = [request["main"], *request["words"]]
    module, _, name = request["main"].partition(":")
    main = getattr(importlib.import_module(module), name)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)
    real_write = os.write
    code = getattr(errno, request["code"])
    saboteur = Saboteur(os.getcwd(), request["at"], code, request["lasting"])
    saboteur.install()
    try:
        if name == "main" and module == "harness.stage.__main__":
            return main()
        return main(request["words"])
    finally:
        real_write(back, json.dumps(saboteur.sites).encode())


def _all(handle):
    with os.fdopen(handle, "rb") as file:
        file.seek(0)
        return file.read()


def main():
    """Answer requests until there are no more."""
    for name in json.loads(sys.argv[1]):
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
