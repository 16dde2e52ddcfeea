"""The messages that users see, kept in `messages.txt`: an attack a section.

After a change that is meant: ``HARNESS_UPDATE_GOLDEN=1 pytest tests/hostile``, in one process.
"""

import os
from pathlib import Path

import ledger

FILE = Path(__file__).with_name("messages.txt")
_HEAD = "== "


def tell(attack: str, message: str, *hidden: Path) -> None:
    """Hold the message for an attack against the one that is kept.

    Parameters
    ----------
    attack
        ``family: what was tried``.
    hidden
        Folders of this run, which differ each time.
    """
    for folder in hidden:
        message = message.replace(str(folder), "…")
    message = "\n".join(line.rstrip() for line in message.strip().splitlines())
    kept = _kept()
    if os.environ.get("HARNESS_UPDATE_GOLDEN") == "1":
        _write({**kept, attack: message})
    else:
        assert message == kept.get(attack), f"{attack}:\n{message}"
    family, _, tried = attack.partition(": ")
    ledger.enter(ledger.Line("hostile input", tried, family, 1, "refused with a message"))


def _kept() -> dict[str, str]:
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    sections = (section.partition("\n") for section in ("\n" + text).split("\n" + _HEAD)[1:])
    return {head: body.strip("\n") for head, _, body in sections}


def _write(messages: dict[str, str]) -> None:
    sections = (f"{_HEAD}{head}\n{body}\n" for head, body in sorted(messages.items()))
    FILE.write_text("\n".join(sections), encoding="utf-8")
