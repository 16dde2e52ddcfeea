"""Build an ensemble, train it for three steps, export it; print a digest of every byte."""

import hashlib
import sys
from pathlib import Path

from ensemble_gluon_samples import COMPILED, WIDTHS, ensemble, images
from mxnet import autograd, gluon

from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.gluon.export import export
from reproductions.ensemble_kd.gluon.parameters import values


def digest(network):
    """Return a digest of all values."""
    found = hashlib.sha256()
    for name, value in values(network).items():
        found.update(name.encode() + value.tobytes())
    return found.hexdigest()


settle(1)
network = ensemble()
network.hybridize(**COMPILED)
print("initial", digest(network))
trainer = gluon.Trainer(network.collect_params(), "sgd", {"learning_rate": 0.01, "momentum": 0.9})
for step in range(3):
    with autograd.record():
        loss = (network(images(8, seed=step)) ** 2).sum()
    loss.backward()
    trainer.step(8)
print("trained", digest(network))
for bits in WIDTHS:
    for path in export(network, bits, Path(sys.argv[1]) / f"bits{bits}"):
        print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
