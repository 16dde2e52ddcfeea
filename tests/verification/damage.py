"""Ways to damage a finished project, and to ask what `harness verify` says of it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from harness.stage.lock import read_lock

VALUES = "artifacts/smoke/toy/numbers/values"
TOTALS = "results/smoke/toy/totals.csv"


@dataclass(frozen=True)
class Damaged:
    """A project that a test damages."""

    toy: object

    @property
    def root(self) -> Path:
        """Where it lies."""
        return self.toy.root

    def verify(self, *words, status=1):
        """Return what `harness verify --json` prints; the exit status must be `status`."""
        return json.loads(self.toy.harness("verify", "--json", *words, check=status).stdout)

    def problems(self, *words):
        """Return the problem of each finding by (where, path)."""
        found = self.verify(*words)["findings"]
        return {(one["where"], one["path"]): one["problem"] for one in found}

    def object(self, path):
        """Return the cache object behind an output file of a folder that DVC keeps, or of one."""
        manifest = json.loads((self.root / "manifest.json").read_text())
        md5 = next(e["files"][path]["md5"] for e in manifest.values() if path in e["files"])
        return self.place(md5)

    def listing(self, stage, path):
        """Return the cache object that lists the files of an output folder."""
        return self.place(read_lock(self.root / "dvc.lock")[stage].outs[path])

    def place(self, md5):
        """Return the path of a cache object."""
        return self.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]

    def shown(self, place):
        """Return a path relative to the project."""
        return place.relative_to(self.root).as_posix()

    def state(self):
        """Return the bytes of everything that git tracks, of all outputs and of the cache."""
        folders = ("artifacts", "results", "device_results", ".dvc/cache/files", "plan")
        files = [p for one in folders for p in (self.root / one).rglob("*") if p.is_file()]
        files += [self.root / name for name in ("dvc.lock", "manifest.json", "dvc.yaml")]
        return {self.shown(path): path.read_bytes() for path in files}


def flip(path):
    """Flip a bit of the last byte but one, under the mode that the file has."""
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    overwrite(path, content)


def overwrite(path, content):
    """Replace the bytes of a file in place, and keep its mode."""
    mode = path.stat().st_mode
    os.chmod(path, 0o644)
    path.write_bytes(content)
    os.chmod(path, mode)
