"""What networks cost as they are and with shunts: parameters, multiply-adds, and the reduction.

Everything is counted on descriptions, for one image. Beside our count stands that of the released
tool, which goes by the size of a layer's input and leaves the shunt itself out of the network with
shunts (from TensorFlow 2.3 on), so that the reduction that it tells is too large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.architecture import Architecture, describe
from reproductions.shunt.architecture.shunt import check_cheaper, describe_shunt, site_of
from reproductions.shunt.params.costs import ORIGINAL, CostsParams, Entry
from reproductions.shunt.params.shunt import Placed, System


@dataclass(frozen=True)
class Cost:
    """Of a network, or of what shunts change in it.

    Parameters
    ----------
    parameters
        All numbers, as Keras counts them.
    macs
        Multiply-adds for one image, by the size of each layer's output.
    released_macs
        The same as the released tool counts them.
    """

    parameters: int
    macs: int
    released_macs: int

    def without(self, other: Cost) -> Cost:
        """Return what is left of this without `other`."""
        return Cost(
            self.parameters - other.parameters,
            self.macs - other.macs,
            self.released_macs - other.released_macs,
        )


def whole(network: Architecture) -> Cost:
    """Return the cost of a whole network."""
    return Cost(network.parameters, network.macs, network.released_macs)


def saved(network: Architecture, placed: Placed) -> Cost:
    """Return what `network` saves by one shunt in its window's place.

    Raises
    ------
    HarnessError
        The shunt cannot stand there, or needs more multiply-adds than its window.
    """
    within = network.blocks[placed.window.first : placed.window.last + 1]
    shunt = describe_shunt(site_of(network, placed.window), placed.shunt)
    check_cheaper(placed.window, sum(block.macs for block in within), shunt.macs)
    return Cost(
        sum(block.parameters for block in within) - shunt.parameters,
        sum(block.macs for block in within) - shunt.macs,
        # The released tool does not see the shunt.
        sum(block.released_macs for block in within),
    )


def with_shunts(network: Architecture, system: System) -> Cost:
    """Return the cost of `network` with the shunts of `system`."""
    cost = whole(network)
    for placed in system.windows:
        cost = cost.without(saved(network, placed))
    return cost


def windows_text(system: System) -> str:
    """Return the windows of `system` as a table shows them: ``7-12; 14-15``."""
    return "; ".join(str(placed.window) for placed in system.windows)


def shunts_text(system: System) -> str:
    """Return the architectures of `system`'s shunts, in the order of its windows."""
    return "; ".join(str(placed.shunt) for placed in system.windows)


def percent_less(part: int, of: int) -> float:
    """Return by how many percent of `of` the number `part` is smaller."""
    return 100 * (of - part) / of


def rows_of(params: CostsParams) -> list[Row]:
    """Return one row for each network and each system of it, in their order."""
    return [row for entry in params.entries for row in _rows(entry)]


def _rows(entry: Entry) -> list[Row]:
    network = describe(entry.network)
    return [
        {
            **_heads(entry, network, None),
            **_figures(whole(network), network),
            **_kinds(network.released_count),
            "refused": "",
        },
        *(
            {**_heads(entry, network, system), **_system(network, system)}
            for system in entry.systems
        ),
    ]


def _heads(entry: Entry, network: Architecture, system: System | None) -> Row:
    return {
        "network": entry.name,
        "system": system.name if system else ORIGINAL,
        "image": f"{network.image[0]}x{network.image[1]}",
        "windows": windows_text(system) if system else "",
        "shunts": shunts_text(system) if system else "",
    }


def _system(network: Architecture, system: System) -> Row:
    """The figures of a system; none, and the reason, where a shunt of it is refused."""
    try:
        figures, refused = _figures(with_shunts(network, system), network), ""
    except HarnessError as error:
        figures, refused = dict.fromkeys(_figures(whole(network), network)), error.message
    return {**figures, **_kinds(None), "refused": refused}


def _kinds(count: Mapping[str, int] | None) -> Row:
    """The released tool's count by kind of convolution, which it tells of whole networks alone."""
    return {
        "released_conv": None if count is None else count["conv2d"],
        "released_depthwise": None if count is None else count["depthwise_conv2d"],
    }


def _figures(cost: Cost, network: Architecture) -> Row:
    full = whole(network)
    return {
        "parameters": cost.parameters,
        "macs": cost.macs,
        "parameter_reduction": percent_less(cost.parameters, full.parameters),
        "reduction": percent_less(cost.macs, full.macs),
        "released_macs": cost.released_macs,
        "released_reduction": percent_less(cost.released_macs, full.released_macs),
    }


def count_costs(inputs: Inputs, params: CostsParams, outputs: Outputs, run: Run) -> None:  # noqa: ARG001 - the contract of a step
    """Step: count what networks cost as they are and with shunts."""
    outputs.rows("rows", rows_of(params))
