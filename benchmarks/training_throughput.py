"""Train two NoNN students, an epoch for each line of input; run by torch's Python.

After every epoch its CPU seconds are printed.

``python training_throughput.py ours`` trains with the project's loop and its settings.
``python training_throughput.py plain`` trains the same students with the same loss and memory
format in a loop as PyTorch's tutorials write it: no setting for determinism, torch's own
optimiser, no checkpoint.
"""

import sys

import numpy as np
import torch
from epoch_clock import EPOCHS, Clock, run

from reproductions.nonn.determinism import settle
from reproductions.nonn.distillation import knowledge_loss, transfer_loss
from reproductions.nonn.images import Split
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.params.students import StudentsParams
from reproductions.nonn.student_training import taught
from reproductions.nonn.students import Students, build
from reproductions.nonn.training import Task, train

IMAGES, VALIDATION, FILTERS = 256, 32, (49, 48)
TEACHER = WideResNet(family="wrn", depth=40, width=4)
STUDENT = WideResNet(family="wrn", depth=16, width=1)
PARAMS = StudentsParams(
    teacher=TEACHER,
    student=STUDENT,
    students=(2,),
    epochs=EPOCHS,
    batch_size=64,
    learning_rate=0.01,
    schedule={"step": 20, "gamma": 0.2},
)


def split(count):
    """Return images of noise, as a dataset stage stores them."""
    random = np.random.Generator(np.random.PCG64(count))
    return Split(
        images=torch.from_numpy(random.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)),
        labels=torch.from_numpy(random.integers(0, 10, count)),
        maximum=255,
        mean=torch.full((3,), 0.5),
        std=torch.full((3,), 0.25),
    )


def lesson(count):
    """Return what a teacher may have said of every image: scores and features."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.rand((count, 10), generator=generator),
        torch.rand((count, sum(FILTERS)), generator=generator),
    )


def ours(clock):
    """Train as a stage does."""
    settle()
    logits, features = lesson(IMAGES)
    partition = tuple(tuple(range(start, start + n)) for start, n in ((0, 49), (49, 48)))

    def begin():
        system = build(STUDENT, FILTERS, compat=False, run=one)
        known = lambda batch: (logits[batch.index], features[batch.index])  # noqa: E731
        return system, taught(system, partition, known, PARAMS)

    with run("nonn", "students", clock) as one:
        train([Task("students", begin)], split(IMAGES), split(VALIDATION), PARAMS, one)


def plain(clock):
    """Train as PyTorch's tutorials do."""
    torch.set_num_threads(1)
    logits, features = lesson(IMAGES)
    data, validation = (part.normalised(part.images) for part in (split(IMAGES), split(VALIDATION)))
    labels = split(IMAGES).labels
    model = Students(STUDENT, FILTERS)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, 20, 0.2)
    for _ in range(EPOCHS):
        model.train()
        for index in torch.randperm(IMAGES).split(PARAMS.batch_size):
            optimiser.zero_grad()
            own, maps = model(data[index])
            known = knowledge_loss(own, logits[index], labels[index], PARAMS.knowledge)
            parts = (part.split(FILTERS, 1) for part in (maps, features[index]))
            loss = known + PARAMS.transfer.beta * transfer_loss(*parts, "per_student")
            loss.backward()
            optimiser.step()
        schedule.step()
        model.eval()
        with torch.no_grad():
            model(validation)
        clock()


if __name__ == "__main__":
    {"ours": ours, "plain": plain}[sys.argv[1]](Clock())
