"""A project without git, such as one unpacked from an archive: DVC runs there when it is told."""

from __future__ import annotations

import configparser
import io
from pathlib import Path

from harness.formats.atomic import write_if_changed

_SECTION, _OPTION = "core", "no_scm"


def tell_dvc(root: Path) -> None:
    """Set `core.no_scm` in .dvc/config.local where there is no git, and unset it where there is.

    DVC refuses to run outside a git repository otherwise.
    """
    versioned = any((folder / ".git").exists() for folder in (root, *root.parents))
    path = root / ".dvc" / "config.local"
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return  # DVC says what is wrong with it
    if versioned == (config.get(_SECTION, _OPTION, fallback=None) is None):
        return
    if versioned:
        config.remove_option(_SECTION, _OPTION)
    else:
        config.read_dict({_SECTION: {_OPTION: "true"}})
    text = io.StringIO()
    config.write(text)
    write_if_changed(path, text.getvalue().encode())
