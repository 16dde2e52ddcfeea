"""Students that are trained alone: one after another, or each in a process of its own.

A student learns under a head of its own, which is thrown away; then one head learns on all
students, which no longer change. What a student becomes depends on no other student, so the bytes
are the same however many are trained at a time.

As a program it trains one student, as a job file says: `python -m reproductions.nonn.alone JOB`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats.arrays import Array
from harness.formats.rows import Row
from harness.stage import children
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.epochs import Trained
from reproductions.naming import under, within
from reproductions.nonn.determinism import settle
from reproductions.nonn.distillation import knowledge_loss
from reproductions.nonn.images import Batch
from reproductions.nonn.label import label
from reproductions.nonn.networks import initialise
from reproductions.nonn.params.students import StudentsParams
from reproductions.nonn.students import System, build, filters_of
from reproductions.nonn.survivors import heard, surviving
from reproductions.nonn.teacher import Lesson
from reproductions.nonn.teaching import Classroom, Partition, taught
from reproductions.nonn.training import Objective, Task, train
from reproductions.nonn.weights import restore


class Listening(nn.Module):
    """The head over students that no longer change; the head alone has parameters."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self.head = system.head
        self.sizes = system.sizes
        # In a tuple the system is no part of this module, and stays in evaluation mode.
        self.heard = (system.eval().requires_grad_(False),)
        self.head.requires_grad_(True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, classes) and the students' features side by side."""
        with torch.no_grad():
            _, features = self.heard[0](x)
        return self.head(features), features


@dataclass(frozen=True)
class Group:
    """The students of one system: what they learn, from what, and in which run."""

    params: StudentsParams
    partition: Partition
    room: Classroom
    run: Run

    @property
    def name(self) -> str:
        """How the history calls the system."""
        kind = "" if self.params.partition == "communities" else f" {self.params.partition}"
        return f"{label(self.params.student)} N={len(self.partition)}{kind}"

    def system(self) -> System:
        """Return the untrained system; its students start as they do when trained together."""
        sizes = tuple(map(len, self.partition))
        system = build(self.params.student, sizes, compat=False, run=self.run)
        assert isinstance(system, System)
        return system

    def learn(self, task: Task, part: str) -> Trained:
        """Train one task, with a checkpoint of its own beside that of the run."""
        run = replace(self.run, checkpoint=_beside(self.run.checkpoint, self.partition, part))
        return train([task], self.room.images, self.room.validation, self.params, run)

    def student(self, place: int) -> Trained:
        """Train the student at `place` under a head of its own."""
        part = self.partition[place]

        def begin() -> tuple[nn.Module, Objective]:
            node, classes = self.system().nodes()[place], self.params.student.classes
            single = System([node], [len(part)], classes)
            initialise(single.head, self.run.seed("initial", len(self.partition), f"head{place}"))
            return single, taught(single, (part,), self.room.lesson, self.params)

        return self.learn(Task(f"{self.name} student {place}", begin), f"student{place}")

    def head(self, students: dict[str, Array]) -> Trained:
        """Train the head over trained `students`."""

        def begin() -> tuple[nn.Module, Objective]:
            system = self.system()
            for place, node in enumerate(system.nodes()):
                restore(node, within(f"student{place}", students), "the training")
            model = Listening(system)
            return model, _listening(model, self.room, self.params)

        return self.learn(Task(f"{self.name} head", begin), "head")


def train_alone(group: Group, inputs: Inputs) -> tuple[dict[str, Array], list[Row]]:
    """Train the students of `group` and their head; return the system's weights and the history.

    `inputs` are what the processes of several students at a time read again.
    """
    with _kept(group.run) as run:
        group = replace(group, run=run)
        places = range(len(group.partition))
        if group.params.processes > 1:
            _train_apart(group, inputs)
        weights: dict[str, Array] = {}
        history: list[Row] = []
        for place in places:
            trained = group.student(place)
            (best,) = trained.weights.values()
            weights |= under(f"student{place}", within("student0", best))
            history += trained.history
        trained = group.head(weights)
        (best,) = trained.weights.values()
        return weights | best, history + trained.history


def _listening(model: Listening, room: Classroom, params: StudentsParams) -> Objective:
    sizes = list(model.sizes)
    fixed = params.augment is None
    features = Lesson(model.heard[0], room.images, params.batch_size, fixed=fixed)

    def objective(batch: Batch, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        _, said = features(batch)
        wanted, _ = room.lesson(batch)
        if params.dropout:
            drawn = surviving(random, len(batch.labels), len(sizes), params.dropout)
            said = heard(said, sizes, torch.from_numpy(drawn).to(said.device))
        logits = model.head(said)
        return knowledge_loss(logits, wanted, batch.labels, params.knowledge), logits

    return objective


def _beside(checkpoint: Checkpoint, partition: Partition, part: str) -> Checkpoint:
    path = checkpoint.path
    if path is None:
        return checkpoint
    return Checkpoint(path.with_name(f"{path.stem}-n{len(partition)}-{part}.safetensors"))


@contextmanager
def _kept(run: Run) -> Iterator[Run]:
    """Give `run` a place for checkpoints, through which processes hand over what they trained."""
    if run.checkpoint.path is not None:
        yield run
        return
    with tempfile.TemporaryDirectory() as folder:
        yield replace(run, checkpoint=Checkpoint(Path(folder) / "checkpoint.safetensors"))


def _train_apart(group: Group, inputs: Inputs) -> None:
    """Train the students in processes of their own, which leave their last checkpoints."""
    places = list(range(len(group.partition)))
    at_a_time = group.params.processes
    assert group.run.checkpoint.path is not None
    with tempfile.TemporaryDirectory(dir=group.run.checkpoint.path.parent) as folder:
        for start in range(0, len(places), at_a_time):
            chosen = places[start : start + at_a_time]
            jobs = [Path(folder) / f"student{place}.json" for place in chosen]
            for place, path in zip(chosen, jobs, strict=True):
                jsonfile.write(path, _job(group, inputs, place))
            _wait_for(jobs)


def _wait_for(jobs: Sequence[Path]) -> None:
    """Run a process for each job; when one fails, or this one is interrupted, end the others."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for job in jobs:
            command = [sys.executable, "-m", __spec__.name, str(job)]
            started.append(children.start(command, os.environ, Path.cwd()))
        failed = [job.stem for job, process in zip(jobs, started, strict=True) if process.wait()]
    except BaseException:
        children.end(started)
        raise
    if failed:
        raise HarnessError(
            f"the training of {', '.join(failed)} ended early; its messages stand above",
            "run the stage again: it goes on from the last epoch of each student",
        )


def _job(group: Group, inputs: Inputs, place: int) -> dict[str, object]:
    run = group.run
    return {
        "inputs": {
            name: [[seed, str(path.absolute())] for seed, path in paths.items()]
            for name, paths in inputs.paths.items()
        },
        "params": group.params.model_dump(mode="json"),
        "students": len(group.partition),
        "place": place,
        "run": [run.paper, run.stage, run.seed_axis],
        "checkpoint": str(run.checkpoint.path),
    }


def main(path: Path) -> int:
    """Train the student of a job file and return the process's exit status."""
    job = jsonfile.read(path)
    inputs = Inputs(
        {name: {seed: Path(at) for seed, at in paths} for name, paths in job["inputs"].items()}
    )
    params = StudentsParams.model_validate_json(json.dumps(job["params"]))
    paper, stage, seed = job["run"]
    progress = Progress(f"{paper}/{stage} seed {seed} student {job['place']}")
    run = Run(paper, stage, seed, Checkpoint(Path(job["checkpoint"])), progress)
    try:
        settle()
        partition = filters_of(inputs.rows("assignment"), job["students"])
        Group(params, partition, Classroom.open(inputs, params), run).student(job["place"])
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
