"""A host that waits to be killed: `python dying_host.py FOLDER layer|endless`.

It starts two workers, loads and asks them, and prints the numbers of the workers and of the
processes over them.
"""

import signal
import sys
from pathlib import Path

import numpy as np
import onnx_samples

from harness.devices.servers import Program, running
from reproductions.nonn.deployment.fleet import Fleet

COMMAND = (
    sys.executable, "-m", "reproductions.nonn.deployment.worker",
    "--address", "{address}", "--port", "{port}", "--runtime", "onnxruntime",
)  # fmt: skip


def parent(pid: int) -> int:
    """Return the number of the process that started another."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(words[1])


def main(folder: str, model: str) -> None:
    """Start, ask, and wait."""
    content = onnx_samples.layer(1) if model == "layer" else onnx_samples.endless()
    programs = [Program(name, COMMAND) for name in ("left", "right")]
    with running(programs, Path(folder)) as servers:
        addresses = [(server.address, server.port) for server in servers]
        deadline = 60.0 if model == "layer" else 0.3
        with Fleet(addresses, deadline) as fleet:
            fleet.load([content] * 2, [((1, onnx_samples.OUTPUTS), "float32")] * 2)
            replies = fleet.ask(np.ones(onnx_samples.SHAPE, np.float32))
            assert all((reply.fault is None) == (model == "layer") for reply in replies)
            pids = [server.pid for server in servers]
            print(*pids, *map(parent, pids), flush=True)
            signal.pause()


main(*sys.argv[1:])
