"""Write the generated parts of the documents, or say with `--check` which are stale.

`python -m harness.documents` writes. The exit status is 1 when a checked document is stale.
"""

from __future__ import annotations

import argparse
import sys

from harness.documents.pages import pages
from harness.ending import ended_by
from harness.errors import HarnessError
from harness.formats.atomic import write_if_changed
from harness.project import Project


def main(arguments: list[str] | None = None) -> int:
    """Write or check; 1 when a checked document is stale."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.documents",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(arguments).check
    try:
        project = Project.find()
        made = pages(project)
        stale = [name for name, text in made.items() if _differs(project, name, text)]
        for name in () if check else stale:
            write_if_changed(project.root / name, made[name].encode())
    except (HarnessError, OSError) as error:
        return ended_by(error, "harness.documents")
    for name in stale:
        print(f"{name}: {'stale' if check else 'written'}")
    return int(check and bool(stale))


def _differs(project: Project, name: str, text: str) -> bool:
    path = project.root / name
    return not path.is_file() or path.read_bytes() != text.encode()


if __name__ == "__main__":
    sys.exit(main())
