"""The setting of a rerun: all that a variation may change, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Git = Literal["full", "none", "shallow", "dirty"]
Listing = Literal["as it is", "disorderfs", "shuffled"]
Terminal = Literal["as it is", "none"] | int


@dataclass(frozen=True)
class Setting:
    """Where and under what a rerun happens; as it stands, in the user's own surroundings.

    Parameters
    ----------
    place
        The folder of the clone, below the rerun's own folder.
    linked
        Whether the clone is reached through a symbolic link.
    home
        Whether HOME and the XDG folders are new and empty.
    variables
        Environment variables over those of the user's shell.
    locale
        A locale to build for this run and to select; "" leaves it as it is.
    date
        The date on which the run seems to begin, as YYYY-MM-DD; "" for the true one.
    umask
        The file mode creation mask; None leaves it as it is.
    cores
        How many CPUs the run may use; None leaves it as it is.
    hostname
        The name of the host; "" leaves it as it is.
    user
        The number of the user and group; None leaves them as they are.
    listing
        In what order folders list their entries.
    git
        How much of git's data there is, and whether the tree has changes.
    terminal
        A number of columns for a terminal, or none with standard input closed.
    libc
        The folder of an unpacked package of the C library; "" for the system's own.
    """

    place: str = "project"
    linked: bool = False
    home: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""
    date: str = ""
    umask: int | None = None
    cores: int | None = None
    hostname: str = ""
    user: int | None = None
    listing: Listing = "as it is"
    git: Git = "full"
    terminal: Terminal = "as it is"
    libc: str = ""

    def with_variables(self, more: Mapping[str, str]) -> Mapping[str, str]:
        """Return the variables with `more` over them."""
        return {**self.variables, **more}
