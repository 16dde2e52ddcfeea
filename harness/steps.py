"""The contract between the harness and a step: what a step declares and what it is handed.

A step is a function ``step(inputs, params, outputs, run) -> None``. It reads `inputs`, writes
every one of `outputs`, and takes randomness, progress and checkpoints from `run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.spec.base import Spec

Kind = Literal["arrays", "weights", "rows", "record", "figure", "measurement", "text", "folder"]
"""The canonical formats of an output.

`arrays`: a folder of .npy files with a manifest. `weights`: one safetensors file without
metadata. `rows`: a CSV file. `record`: a canonical JSON file. `figure`: a folder with the
same picture as SVG and PNG. `measurement`: a device result. `text`: Markdown. `folder`: made by
the harness itself.
"""

SUFFIX: Mapping[Kind, str] = {
    "arrays": "",
    "weights": ".safetensors",
    "rows": ".csv",
    "record": ".json",
    "figure": "",
    "measurement": ".json",
    "text": ".md",
    "folder": "",
}


class Params(Spec):
    """Base of a step's parameters: strict, frozen, no unknown key."""


@dataclass(frozen=True)
class Step:
    """What a step is, told without importing it.

    Parameters
    ----------
    run
        ``module:function``, imported only by the stage's own process.
    params
        The strict model of the step's parameters, from a module that imports no framework.
    inputs, outputs
        The kind of each.
    more_inputs
        The kind of further inputs under names that the spec chooses; None when there are none.
    optional
        Names of `inputs` that a spec may leave out.
    """

    run: str
    params: type[Params]
    inputs: Mapping[str, Kind] = field(default_factory=dict)
    outputs: Mapping[str, Kind] = field(default_factory=dict)
    more_inputs: Kind | None = None
    optional: frozenset[str] = frozenset()

    @property
    def module(self) -> str:
        """The module that holds the function."""
        return self.run.partition(":")[0]
