"""A network of which residual blocks are taken out by settings, without building it anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from harness.errors import HarnessError
from reproductions.shunt.surgery.blocks import blocks
from reproductions.shunt.surgery.rebuilding import Junction, rebuilt


@keras.saving.register_keras_serializable(package="shunt")
class Gate(keras.layers.Layer):
    """Gives the second of two maps while it is open, the first while it is shut.

    A choice, and no product with zero: what is left out may be infinite.
    """

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 - Keras passes it
        """Make the variable that says whether it is open."""
        self.opened = self.add_weight(
            shape=(), dtype="bool", initializer="ones", trainable=False, name="opened"
        )

    def call(self, inputs: Any) -> Any:
        """Return one of the two maps (B, H, W, C)."""
        around, through = inputs
        return keras.ops.where(self.opened, through, around)


@dataclass(frozen=True, eq=False)
class Gated:
    """A copy of a network with a gate behind every residual block.

    One compiled function serves every choice of blocks. The outputs are those of
    `without_blocks`, bit for bit.

    Parameters
    ----------
    model
        The copy.
    gates
        By the number of the block.
    """

    model: Any
    gates: Mapping[int, Gate]

    @classmethod
    def of(cls, model: Any) -> Gated:
        """Return the gated copy of `model`, with all blocks in place."""
        gates, junctions = {}, {}
        for one in blocks(model):
            if one.residual:
                gates[one.ordinal] = Gate(name=f"gate_{one.ordinal}")
                junctions[id(one.exit)] = Junction(one.entry, _joining(gates[one.ordinal]))
        return cls(rebuilt(model, junctions), gates)

    def remove(self, ordinals: Iterable[int]) -> None:
        """Take out these residual blocks, and put back all others.

        Raises HarnessError when one of them has no gate.
        """
        gone = set(ordinals)
        if strange := sorted(gone - self.gates.keys()):
            raise HarnessError(
                f"block {strange[0]} is no residual block of '{self.model.name}'",
                f"the residual blocks are {', '.join(map(str, self.gates))}",
            )
        for ordinal, gate in self.gates.items():
            gate.opened.assign(ordinal not in gone)


def _joining(gate: Gate) -> Any:
    return lambda around, through: gate([around, through])
