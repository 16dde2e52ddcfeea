"""What training and serving an ensemble compute; as a program, the digests in a fresh process.

``ensemble_determinism_samples.py STORE [IMAGES [STEPS]]`` learns from so many images at once, and
so many times; it answers from the store STORE, which it packs where there is none.
"""

import json
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import ensemble_training_samples as samples
import numpy as np
from mxnet import nd

from harness.formats import arrays
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.gluon.export import export
from reproductions.ensemble_kd.gluon.teachers import build_teacher
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.teaching import Attention, Teaching
from reproductions.ensemble_kd.params.training import Shift
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.engine import Engine
from reproductions.ensemble_kd.serving.store import open_store, pack
from reproductions.ensemble_kd.training.building import compiled
from reproductions.ensemble_kd.training.course import Course
from reproductions.ensemble_kd.training.evaluation import answers, score_rows
from reproductions.ensemble_kd.training.learner import Learner
from reproductions.ensemble_kd.training.optimisers import Moving, move

WIDTHS = (32, 8, 4, 2, 1)
IMAGES = 4
"""As few as a batch can well have: an emulated CPU takes some hundred times as long for each."""


def drawn(*shape, seed=0):
    """Return multiples of 2^-20 from -1 to 1; no function that a library approximates."""
    generator = np.random.Generator(np.random.PCG64([seed, *shape]))
    return (generator.integers(-(2**20), 2**20, shape) / 2**20).astype(np.float32)


def chain(images):
    """Return five members, the ensemble that teaches them and its teacher, which all learn.

    The five match attention maps and use RAdam, their teacher Adam, and resnet_e1 plain descent.
    """
    how = samples.training(batch_size=images, epochs=1, augment=Shift(pad=1))
    attentive = Teaching(mode="progressive", attention=Attention())
    pupil = samples.ensemble(widths=WIDTHS, how=how, teaching=attentive)
    full, simple = Quantisation(full_weights=True), Teaching(mode="simple")
    its = how.model_copy(update={"optimiser": "adam", "weight_decay": 1e-4})
    teacher = samples.ensemble("teacher", (8,), its, 1, quantisation=full, teaching=simple)
    network = compiled(build_teacher("resnet_e1", 3, 8, 1, 0.125, np.random.default_rng(2)))
    plain = how.model_copy(update={"optimiser": "sgd"})
    return pupil, teacher, Learner("teacher_t", network, (32,), training=plain)


def learned(learners, images, steps):
    """Return values after some steps, and what was measured on the way."""
    job = samples.job(lambda: learners, learners[0].training, gradients=True)
    sizes = {"images": samples.split(images * steps), "validation": samples.split(images, 1)}
    course = Course(replace(job, **sizes))
    losses = []
    rows, norms = course.epoch(0, np.random.default_rng(0), lambda step: losses.append(step.losses))
    found = {f"values of {name}": _flat(values) for name, values in course.last.items()}
    moved = _flat(course.state())
    return found | {"losses": losses, "gradient norms": norms, "history": rows, "state": moved}


def answered(pupil, images):
    """Return what the members answer when they predict, and their scores."""
    split = samples.split(images, 2)
    logits, _ = next(answers(pupil, split, images))
    return {"logits": logits, "scores": score_rows("sample", pupil, split, split, images)}


def served(pupil, images, path):
    """Return the engine's answers by NumPy and by the kernel, from the store at `path`.

    A store that is not there is packed, and written to it.
    """
    found, inputs = {}, drawn(images, 1, 8, 8)
    if not path.exists():
        parts = samples.NETWORK, WIDTHS, Quantisation()
        arrays.write_weights(path, pack(pupil.values(), *parts, with_float=True))
        found["store"] = np.frombuffer(path.read_bytes(), np.uint8)
    store = open_store(arrays.read_weights(path))
    for name, backend in (("NumPy", kernel.NUMPY), ("the fastest", None)):
        engine = Engine(store, backend)
        for bits in engine.widths:
            found[f"by {name}: {bits} bits"] = engine.answer(inputs, bits)
    return found


def exported(pupil):
    """Return the files of two members."""
    with TemporaryDirectory() as folder:
        paths = [
            path
            for bits in (32, 2)
            for path in export(pupil.network, bits, Path(folder) / f"bits{bits}")
        ]
        return {path.name: np.frombuffer(path.read_bytes(), np.uint8) for path in paths}


def functions():
    """Return values of functions that are not rational, each as MXNet computes it."""
    x = nd.array(4 * drawn(27, 37, seed=3))
    return {
        "tanh": nd.tanh(x.astype("float64")),
        "logarithm": nd.log(nd.abs(x) + 1e-12),
        "softmax": nd.softmax(x),
        "log softmax": nd.log_softmax(x),
    }


def moved():
    """Return weights after eight steps of every optimiser."""
    found = {}
    for kind in ("radam", "adam", "nag"):
        weights, moving = drawn(999, seed=4), Moving.begin(999, kind)
        for step in range(8):
            move(kind, weights, drawn(999, seed=5 + step), 0.01, 0.9, moving)
        found[f"by {kind}"] = weights
    return found


def digests(store, images=IMAGES, steps=1):
    """Return the SHA-256 of every result under its name."""
    settle(0)
    learners = chain(images)
    results = functions() | moved() | learned(learners, images, steps)
    pupil = learners[0]
    results |= answered(pupil, images) | served(pupil, images, Path(store)) | exported(pupil)
    return {name: sha256(_bytes(one)).hexdigest() for name, one in results.items()}


def _flat(values):
    return np.concatenate([np.frombuffer(value.tobytes(), np.uint8) for value in values.values()])


def _bytes(result):
    if isinstance(result, list | tuple):
        return json.dumps(result).encode()
    return (result.asnumpy() if isinstance(result, nd.NDArray) else result).tobytes()


if __name__ == "__main__":
    print(json.dumps(digests(sys.argv[1], *map(int, sys.argv[2:]))))
