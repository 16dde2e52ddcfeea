"""Nodes that are started, loaded with a model each, asked, and ended."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from harness.devices.links import Node
from harness.devices.servers import Program, Server, running
from harness.errors import HarnessError
from reproductions.nonn.deployment.fleet import Fleet
from reproductions.nonn.deployment.place import Model, Place

_HERE = ("--address", "{address}", "--port", "{port}")
_WORKER = (sys.executable, "-m", "reproductions.nonn.deployment.worker", *_HERE)
# TVM looks for a port below an end, which is 9199 unless another is given.
_SERVER = (
    *(sys.executable, "-m", "tvm.exec.rpc_server"),
    *("--host", "{address}", "--port", "{port}", "--port-end", "65536"),
)
_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Job:
    """What one node is given.

    Parameters
    ----------
    name
        How messages call the node.
    place
        Where it runs.
    model
        What its runtime loads.
    shape, dtype
        Of what it shall answer.
    """

    name: str
    place: Place
    model: Model
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Nodes:
    """Nodes that are loaded and wait for images.

    Parameters
    ----------
    fleet
        The connections to them.
    devices
        The process that runs each node's model; None where it runs on another machine.
    names
        How messages call each.
    logs
        The folder with the logs of their processes.
    """

    fleet: Fleet
    devices: tuple[Server | None, ...]
    names: tuple[str, ...]
    logs: Path


@contextmanager
def temporary_logs() -> Iterator[Path]:
    """Give a folder for logs; it stays after a `HarnessError`, whose message names it."""
    folder = Path(mkdtemp(prefix="deployment-"))
    try:
        yield folder
    except HarnessError:
        raise
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


@contextmanager
def placed(
    jobs: Sequence[Job], deadline_s: float, folder: Path, ends: Sequence[Node] = ()
) -> Iterator[Nodes]:
    """Start a node for each of `jobs`, load it, and end it with everything that it started.

    Parameters
    ----------
    deadline_s
        How long an answer may take.
    folder
        Where the logs of the processes go.
    ends
        The nodes' ends of shaped links, where they shall run behind such.

    Raises
    ------
    HarnessError
        A process did not start, or a node could not load its model; the node is named.
    """
    ours = [_rpc_server(k, job) for k, job in enumerate(jobs) if _has_own_server(job)]
    with running(ours, folder, patience_s=_PATIENCE_S) as started:
        servers = {server.name: server for server in started}
        own = [servers.get(_server_name(job)) for job in jobs]
        gateways = [_server(k, job, own[k]) for k, job in enumerate(jobs)]
        programs = [
            _worker(k, job, gateways[k], ends[k] if ends else None) for k, job in enumerate(jobs)
        ]
        with running(programs, folder, patience_s=_PATIENCE_S) as workers:
            names = tuple(job.name for job in jobs)
            addresses = [(one.address, one.port) for one in workers]
            with Fleet(addresses, deadline_s, names) as fleet:
                fleet.load(
                    [job.model.content for job in jobs],
                    patience_s=_PATIENCE_S,
                    expected=[(job.shape, job.dtype) for job in jobs],
                )
                devices = tuple(
                    own[k] if server else workers[k] for k, server in enumerate(gateways)
                )
                yield Nodes(fleet, devices, names, folder)


def _core(place: Place, number: int) -> int | None:
    """The core of a node: each its own, and from the first again where there are fewer."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[number % len(cores)] if place.pinned else None


def _has_own_server(job: Job) -> bool:
    return job.place.runtime == "tvm_rpc" and job.place.servers is None


def _server_name(job: Job) -> str:
    return f"{job.name}-rpc-server"


def _rpc_server(number: int, job: Job) -> Program:
    core = _core(job.place, number)
    return Program(_server_name(job), _SERVER, core=core, variables={"TVM_NUM_THREADS": "1"})


def _server(number: int, job: Job, own: Server | None) -> tuple[str, int] | None:
    """The RPC server that a node's gateway speaks to; None where the worker runs the model."""
    if own is not None:
        return own.address, own.port
    return None if job.place.servers is None else job.place.servers[number]


def _worker(number: int, job: Job, server: tuple[str, int] | None, end: Node | None) -> Program:
    command = (*_WORKER, "--runtime", job.place.runtime)
    if server is not None:
        # A gateway waits most of the time, and may do so on any core.
        return Program(job.name, (*command, "--server", f"{server[0]}:{server[1]}"))
    core = _core(job.place, number)
    if end is None:
        return Program(job.name, command, core=core)
    return Program(job.name, command, address=end.address, core=core, prefix=end.enter)
