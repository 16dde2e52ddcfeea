"""Time steps of training, of five members and of one, in turns; run by MXNet's Python.

``python ensemble_training_throughput.py OPTIMISER`` trains the ensemble of five widths, a network
of each width alone, and both ends of them by Gluon's own loss and `Trainer`. The networks are those
of the smoke profile, on images of noise. The median seconds of a step in every round, on CPU, are
printed as JSON, by name.
"""

import json
import sys
import time
from statistics import median

import numpy as np
from mxnet import autograd, gluon, nd

from reproductions.ensemble_kd.data.split import Split
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.training import Training
from reproductions.ensemble_kd.training.building import build_ensemble
from reproductions.ensemble_kd.training.course import Course, Job
from reproductions.ensemble_kd.training.learner import Learner

WIDTHS = (32, 8, 4, 2, 1)
NETWORK = Network(width=0.125, image_size=8, image_channels=1, classes=10)
BATCH, STEPS, ROUNDS = 32, 8, 13  # the first of both lays out the network and does not count
RATE = 0.001


def generator(seed):
    """Return a generator that starts anew."""
    return np.random.Generator(np.random.PCG64(seed))


def split(count):
    """Return images of noise, as a dataset stage stores them."""
    random = generator(count)
    return Split(
        images=random.integers(0, 17, (count, 8, 8, 1)).astype(np.uint8),
        labels=random.integers(0, 10, count),
        maximum=16.0,
        mean=(0.5,),
        std=(0.25,),
        classes=10,
    )


def apart(moments):
    """Return the median of what passed from one moment to the next, after the first step."""
    return median(np.diff(moments)[1:].tolist())


def ours(widths, optimiser):
    """Return a round of the training of one ensemble, as a stage trains it."""
    how = Training(epochs=ROUNDS, batch_size=BATCH, learning_rate=RATE, optimiser=optimiser)

    def build():
        network = build_ensemble(NETWORK, widths, Quantisation(), generator(0))
        return [Learner("ensemble", network, widths, training=how)]

    course = Course(Job("bench", build, split(BATCH * STEPS), split(BATCH), how, min(widths)))

    def turn(number):
        moments = [time.process_time()]
        course.epoch(number, generator(number), lambda _: moments.append(time.process_time()))
        return apart(moments)

    return turn


def plain(widths, optimiser):
    """Return a round of the same training as Gluon's tutorials write it."""
    network = build_ensemble(NETWORK, widths, Quantisation(), generator(0))
    trainer = gluon.Trainer(network.parameters, optimiser, {"learning_rate": RATE})
    loss, images = gluon.loss.SoftmaxCrossEntropyLoss(), split(BATCH * STEPS)

    def turn(number):
        moments = [time.process_time()]
        for batch in images.epoch(BATCH, generator(number)):
            inputs, labels = nd.array(batch.inputs), nd.array(batch.labels)
            with autograd.record():
                losses = [loss(logits, labels) for logits in network(inputs)]
            autograd.backward(losses)
            trainer.step(BATCH)
            nd.waitall()
            moments.append(time.process_time())
        return apart(moments)

    return turn


def in_turns(optimiser):
    """Return the seconds of a step in each round, by name."""
    turns = {"five": ours(WIDTHS, optimiser)}
    turns |= {f"{bits} bits": ours((bits,), optimiser) for bits in WIDTHS}
    turns |= {"plain five": plain(WIDTHS, optimiser), "plain 1 bits": plain((1,), optimiser)}
    found = {name: [] for name in turns}
    for number in range(ROUNDS):
        # A busy neighbour slows all alike.
        for name, turn in turns.items():
            found[name].append(turn(number))
    return {name: seconds[1:] for name, seconds in found.items()}


if __name__ == "__main__":
    settle()
    print(json.dumps(in_turns(*sys.argv[1:])))
