"""What a step sees of the process that it runs in."""

import os
import sys


def describe():
    """Return the process's variables, its path of modules and its mask for new files."""
    mask = os.umask(0)
    os.umask(mask)
    return {"variables": dict(sorted(os.environ.items())), "path": sys.path, "umask": mask}
