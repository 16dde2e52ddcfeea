"""Debian's packages for another machine, unpacked into a folder, and nothing else changed.

No right of the superuser is needed. apt keeps its lists and packages in a folder of ours and takes
the mirrors and the keys of this machine; what it downloads is signed, and it checks that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.devices.command import output

PROGRAMS = ("apt-get", "dpkg-deb")
"""What must be installed here."""

_ADVICE = (
    "check the connection to Debian's mirror and the space on the disk; "
    "a system other than Debian 12 may lack the packages"
)
_DOWNLOAD_S = 300
_UNPACK_S = 120

# Read after the machine's own configuration. Its hooks would clean folders of the machine, and its
# list of packages says what is installed there; in the new folder nothing is.
_CONFIGURATION = """\
#clear APT::Architectures;
#clear APT::Update;
#clear DPkg;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Dir::State "{place}/state";
Dir::State::status "{place}/status";
Dir::Cache "{place}/cache";
Dir::Log "{place}/log";
"""


def unpack(packages: Sequence[str], architecture: str, folder: Path) -> None:
    """Unpack `packages` and all that they depend on into `folder`.

    Parameters
    ----------
    architecture
        In Debian's words, such as `arm64`.

    Raises
    ------
    HarnessError
        The mirror cannot be reached, or has no such package.
    """
    # Not in the project: apt's configuration cannot quote every name that its folder may have.
    with TemporaryDirectory(prefix="harness-apt-") as place:
        for archive in _downloaded(packages, architecture, Path(place)):
            output(["dpkg-deb", "--extract", str(archive), str(folder)], _UNPACK_S, _ADVICE)


def _downloaded(packages: Sequence[str], architecture: str, place: Path) -> list[Path]:
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (place / folder).mkdir(parents=True)
    (place / "status").touch()
    configuration = place / "apt.conf"
    configuration.write_text(_CONFIGURATION.format(architecture=architecture, place=place))
    apt = ["apt-get", "-qq", "-c", str(configuration)]
    output([*apt, "update"], _DOWNLOAD_S, _ADVICE)
    options = ["--yes", "--download-only", "--no-install-recommends"]
    output([*apt, "install", *options, *packages], _DOWNLOAD_S, _ADVICE)
    return sorted((place / "cache" / "archives").glob("*.deb"))
