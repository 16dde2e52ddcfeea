"""Strikes its own process with a signal at a chosen event; copied into a project as sitecustomize.

Python imports it at the start of every process of the project. `.harness/strike.json` says which
process is meant (words of its command line), what is counted (any event, those with an effect, or
one event by its name), at which count it strikes, and with which signal; with none it only pauses
there. The order is taken once: the next process of the same command lives. Without a count
nothing is struck, and every process that is named writes what it counted.
"""

import atexit
import json
import os
import select
import sys
from collections import Counter

EFFECTS = {
    "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "os.chmod",
    "fcntl.flock", "subprocess.Popen", "shutil.rmtree", "fsync", "written",
}  # fmt: skip
OTHERS = {"import", "open", "os.listdir", "os.scandir"}
ORDER = ".harness/strike.json"


def obey(order):
    """Count events of this process, and strike when the count is reached."""
    counts = Counter()

    def count(event):
        kinds = ["any", event, *(["effect"] if event in EFFECTS else [])]
        counts.update(kinds)
        if order["kind"] in kinds and counts[order["kind"]] == order["at"]:
            order["at"] = None
            os.unlink(ORDER)
            if order["signal"]:
                os.kill(os.getpid(), order["signal"])
            else:
                pause()

    def audit(event, arguments):
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & 3:
            count("written")
        elif event in EFFECTS or event in OTHERS:
            count(event)

    fsync = os.fsync

    def counted_fsync(handle):
        fsync(handle)
        count("fsync")

    os.fsync = counted_fsync
    sys.addaudithook(audit)
    if order["at"] is None:
        atexit.register(lambda: tell(order["victim"], dict(counts)))


def pause():
    """Say that this point is reached, and wait until the test lets the process go on."""
    go = os.open(".harness/go", os.O_RDONLY | os.O_NONBLOCK)  # the test finds a reader there
    with open(".harness/arrived", "w") as arrived:
        arrived.write("here")
    select.select([go], [], [])
    os.close(go)


def tell(victim, counts):
    """Write what was counted, beside the order."""
    with open(f"{ORDER}.{victim}", "w") as file:
        json.dump(counts, file)


def begin():
    """Read the order, if there is one and it is for this process."""
    try:
        with open(ORDER) as file:
            order = json.load(file)
    except (OSError, ValueError):
        return
    words = sys.orig_argv[1:]
    for victim, named in order["victims"].items():
        if all(any(word == w or w.endswith("/" + word) for w in words) for word in named):
            obey({**order, "victim": victim})
            return


begin()
