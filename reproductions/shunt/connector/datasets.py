"""The three parts of a connector's dataset, its own or the user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reproductions.shunt.connector import dataset
from reproductions.shunt.connector.dataset import PARTS, Props
from reproductions.shunt.connector.missing import needed
from reproductions.shunt.data.split import Part, Split

_FIRST = "call create_dataset() first, or assign your own"


@dataclass
class Datasets:
    """What a connector trains and tests on.

    Parameters
    ----------
    props
        What is known of it.
    splits
        The parts as the stages take them.
    own
        Unbatched tf.data that the user has assigned, until a step asks for it.
    """

    props: Props | None = None
    splits: dict[Part, Split] = field(default_factory=dict)
    own: dict[Part, Any] = field(default_factory=dict)

    def fill(self, splits: Mapping[Part, Split], props: Props) -> None:
        """Take the parts of a configured dataset in place of all there were."""
        self.props, self.splits, self.own = props, dict(splits), {}

    def assign(self, part: Part, given: Any) -> None:
        """Take a user's unbatched tf.data for `part`."""
        self.own[part] = given
        self.splits.pop(part, None)

    def describe(self, given: Mapping[str, Any]) -> None:
        """Take what a user says of the own dataset."""
        self.props = Props.of(given)
        # What was read under other properties is read again.
        for part in self.own:
            self.splits.pop(part, None)

    def known(self, step: str) -> Props:
        """Return what is known of the dataset; MissingError when `step` comes too early."""
        return needed(step, "dataset_props", self.props, _FIRST)

    def split(self, step: str, part: Part) -> Split:
        """Return a part; MissingError names the field that `step` needs."""
        props = self.known(step)
        if part not in self.splits:
            given = needed(step, f"dataset_{PARTS[part]}", self.own.get(part), _FIRST)
            self.splits[part] = dataset.split_of_own(given, props, part)
        return self.splits[part]

    def unbatched(self, part: Part) -> Any:
        """Return what the user has assigned, or the part as unbatched tf.data; None without it."""
        if part in self.own:
            return self.own[part]
        split = self.splits.get(part)
        return None if split is None else dataset.unbatched(split)
