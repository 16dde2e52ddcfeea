"""A file that ships inside an installed Python package, found without importing it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from harness.errors import HarnessError
from harness.spec.dataset import Package
from harness.stage.digest import file_digest


def locate(package: Package) -> Path:
    """Return the path of the package's file.

    Raises
    ------
    HarnessError
        The package is not installed, or has no such file, or one with other bytes.
    """
    remedy = "run the stage in the environment 'harness', whose lock pins the package"
    try:
        distribution = metadata.distribution(package.distribution)
    except metadata.PackageNotFoundError as error:
        raise HarnessError(
            f"the package {package.distribution} is not installed here", remedy
        ) from error
    label = f"{package.distribution} {distribution.version}: {package.file}"
    path = Path(str(distribution.locate_file(package.file)))
    if not path.is_file():
        raise HarnessError(f"{label}: the package has no such file", remedy)
    found = file_digest(path, "sha256")
    if found != package.sha256:
        raise HarnessError(f"{label}: sha256 {found} instead of {package.sha256}", remedy)
    return path
