"""What processes cost: CPU seconds of a process with all that it starts, and wall seconds."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

DVC = str(Path(sys.executable).with_name("dvc"))


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Command:
    """A command that is run again and again in one folder, under variables of its own."""

    words: Sequence[str]
    folder: Path
    status: int = 0

    def __call__(self) -> Cost:
        """Run the command once and return its cost; it must end with its status."""
        before, started = _children(), time.perf_counter()
        done = subprocess.run(
            self.words, cwd=self.folder, env=variables(self.folder), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        cost = Cost(_children() - before, time.perf_counter() - started)
        assert done.returncode == self.status, f"{self.words}\n{done.stdout}\n{done.stderr}"
        return cost


def python(folder: Path, *words: str, status: int = 0) -> Command:
    """Return a command of this interpreter, which imports the harness of `folder`."""
    return Command((sys.executable, *words), folder, status)


def variables(folder: Path) -> dict[str, str]:
    """Return the variables of a command: nobody's shell, and Python keeps its bytecode."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder.parent),
        "DVC_SITE_CACHE_DIR": str(folder.parent / "site-cache"),
        "DVC_NO_ANALYTICS": "true",
        "OMP_NUM_THREADS": "1",
    }


def in_turns(benchmark, rounds: int, **sides: Callable[[], Cost]) -> dict[str, Cost]:
    """Run the sides in turns and return the least cost of each.

    A busy neighbour slows all sides alike, and the least of several rounds is the one that it
    disturbed least. The first round, which fills caches, does not count.
    """
    found: dict[str, list[Cost]] = {name: [] for name in sides}

    def turn() -> None:
        for name, side in sides.items():
            found[name].append(side())

    benchmark.pedantic(turn, rounds=rounds, warmup_rounds=1)
    least = {name: _least(costs[1:]) for name, costs in found.items()}
    for name, cost in least.items():
        benchmark.extra_info[name] = {"cpu": round(cost.cpu, 3), "wall": round(cost.wall, 3)}
    return least


def _least(costs: Sequence[Cost]) -> Cost:
    return Cost(min(cost.cpu for cost in costs), min(cost.wall for cost in costs))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
