"""The stages of a paper one after the other, on tiny images."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shunt_stage import NETWORK, ONE, TRAINING, checked, run_step, write_images

from harness.stage.inputs import Inputs
from reproductions.shunt import costs
from reproductions.shunt.architecture import describe
from reproductions.shunt.data.split import read_split
from reproductions.shunt.evaluation import accuracy
from reproductions.shunt.stored import read_network, read_systems

SYSTEMS = {"network": NETWORK, "systems": (ONE,), "chosen": ("keep-80",)}
PLAIN = {"system": "published"}
TAUGHT = {"system": "keep-80", "distillation": {"kind": "dark_knowledge", "temperature": 3.0}}
FINALS = {**SYSTEMS, **TRAINING, "learning_rate": 0.02, "finals": (PLAIN, TAUGHT)}


@dataclass(frozen=True)
class Chain:
    """The stages, each run once and when it is first asked for."""

    folder: Path

    @cached_property
    def images(self):
        """The dataset."""
        return write_images(self.folder / "images")

    @cached_property
    def original(self):
        """The trained network."""
        params = {"network": NETWORK, **TRAINING, "epochs": 5}
        return self.run("train_original", params)

    @cached_property
    def knowledge(self):
        """What its blocks are worth."""
        params = {"network": NETWORK, "windows": ("5-9", "0-2"), "batch_size": 7}
        return self.run("measure_knowledge", params, weights=self.original["weights"])

    @cached_property
    def search(self):
        """A system for one budget, beside one picked by hand."""
        budgets = ({"name": "keep-80", "keep": 0.8}, {"name": "keep-1", "keep": 0.01})
        how = {"architectures": (4,), "width": "window", "most": 1, "budgets": budgets}
        params = {"network": NETWORK, **how, "published": (ONE,)}
        return run_step("search", params, {"quotients": self.knowledge["windows"]}, self.folder)

    @cached_property
    def before(self):
        """What the stages with shunts read."""
        return {"original": self.original["weights"], "choices": self.search["choices"]}

    @cached_property
    def shunts(self):
        """Trained shunts of both systems."""
        params = {**SYSTEMS, **TRAINING, "learning_rate": 0.01, "order": "one_by_one"}
        return self.run("train_shunts", params, **self.before)

    @cached_property
    def finals(self):
        """Both systems trained as a whole."""
        return self.run("train_final", FINALS, **self.before, shunts=self.shunts["weights"])

    def run(self, step, params, **inputs):
        """Run a step with the dataset and these inputs."""
        return run_step(step, params, {"images": self.images, **inputs}, self.folder)

    def inputs(self, **paths):
        """Return these inputs beside the dataset, as a step sees them."""
        every = {"images": self.images, **paths}
        return Inputs({name: {None: path} for name, path in every.items()})

    @cached_property
    def network(self):
        """What describes the network."""
        return checked("train_original", {"network": NETWORK, **TRAINING}).network

    @cached_property
    def model(self):
        """The trained network, read as a stage reads it."""
        return read_network(self.inputs(**self.before), "original", self.network)

    @cached_property
    def systems(self):
        """Both systems, by name."""
        found = read_systems(self.inputs(**self.before), checked("train_final", FINALS))
        return {system.name: system for system in found}

    def score(self, model, part="test"):
        """Return the accuracy of a model in percent."""
        return accuracy(model, read_split(self.inputs(), part, self.network), 16)

    def cost(self, name):
        """Return what the description says that a system costs."""
        return costs.with_shunts(describe(self.network), self.systems[name])
