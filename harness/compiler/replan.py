"""The planning stage: the plans of all stages from params.yaml, as DVC runs it.

After `dvc exp run -S profile=reviewer` params.yaml is another than `harness compile` wrote; this
stage then checks it like any spec and plans anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.compiler.compile import compile_tree, stale_files, write
from harness.compiler.target import Target
from harness.ending import ended_by
from harness.errors import HarnessError
from harness.fault import system_fault
from harness.project import Project
from harness.spec.problem import render
from harness.spec.reader import Document, read

_WAY_BACK = "write it anew with `harness compile`"
_LARGEST = 100_000_000  # bytes: all papers are in it
_TOLD = 20


def replan(target: Target) -> list[str]:
    """Write the plans of the params.yaml that is there; return the names of those that changed.

    Raises
    ------
    HarnessError
        The parameters are not valid, or they need another dvc.yaml than the one that is running.
    """
    text, document = _read(target.params)
    compiled = compile_tree(target, document.tree, text, origin=document)
    if "dvc.yaml" in stale_files(target, compiled):
        raise HarnessError(
            f"{target.dvc_yaml}: its stages are not those of {target.params}",
            "run `harness compile` with the same profile and overrides, then try again",
        )
    return write(target, compiled)


def _read(path: Path) -> tuple[str, Document]:
    try:
        content = path.read_bytes()
    except PermissionError as error:
        raise system_fault(error) from error
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read as YAML: {error}", _WAY_BACK) from error
    # It may have been changed by hand: it is read as strictly as a spec.
    document = read(path.name, content, largest=_LARGEST)
    if document.problems:
        said = render(document.problems[:_TOLD])
        raise HarnessError(f"{path}: cannot be read as YAML:\n{said}", _WAY_BACK)
    return content.decode(), document


def main(arguments: list[str]) -> int:
    """Plan the stages of ``FOLDER/plan`` and return the process's exit status."""
    folder = Path(arguments[0]).parent.as_posix()
    try:
        replan(Target(Project(Path.cwd()), "" if folder == "." else folder))
    except (HarnessError, OSError) as error:
        return ended_by(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
