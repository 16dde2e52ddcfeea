"""The step that finds a network and filters for every device of named sets."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import HarnessError
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.nonn.budget.assignment import Placed, assign, worth
from reproductions.nonn.budget.menu import Menu, menus
from reproductions.nonn.budget.need import STEPS, need_of
from reproductions.nonn.budget.sizes import ideal
from reproductions.nonn.costs import BYTES
from reproductions.nonn.label import label
from reproductions.nonn.params.budget import BudgetsParams, DeviceSet
from reproductions.nonn.params.network import Network, WideResNet
from reproductions.nonn.partition.check import weights_of
from reproductions.nonn.partition.cut import cut, links_of
from reproductions.nonn.partition.search import search

COLUMNS = (
    "set", "device", "network", "family", "depth", "width", "filters", "ideal_filters",
    "parameters", "weight_bytes", "activation_bytes", "macs", "weights_used", "activations_used",
    "macs_used", "proxy", "proxy_bound", "refused",
)  # fmt: skip
"""Of every row: of a device that is served, or of a set that is refused."""


def _shape(network: Network) -> Row:
    """Tell depth and width; MobileNetV2 has one depth, which is not told."""
    width = network.width if isinstance(network, WideResNet) else network.multiplier
    depth = None if network.family == "mobilenetv2" else network.depth
    return {"family": network.family, "depth": depth, "width": float(width)}


def device_row(menu: Menu, filters: int, best: int) -> Row:
    """Return what `menu`'s device runs for `filters`, and the share that it uses of its budget."""
    network, device = menu.networks[filters - 1], menu.device
    need = need_of(network, filters)
    return {
        "device": device.name,
        "network": label(network),
        **_shape(network),
        "filters": filters,
        "ideal_filters": best,
        "parameters": need.weight_bytes // BYTES,
        "weight_bytes": need.weight_bytes,
        "activation_bytes": need.activation_bytes,
        "macs": need.macs,
        "weights_used": need.weight_bytes / device.weight_bytes,
        "activations_used": need.activation_bytes / device.activation_bytes,
        "macs_used": need.macs / device.macs,
    }


def set_rows(name: str, found: Sequence[Menu], placed: Placed) -> list[Row]:
    """Return one row a device of a set; the proxy for accuracy is that of the whole set."""
    sizes = [sum(map(len, communities)) for communities in placed]
    best = ideal(found, sum(sizes))
    scale = STEPS * sum(sizes)
    proxy = {"proxy": worth(found, sizes) / scale, "proxy_bound": worth(found, best) / scale}
    return [
        {"set": name, **device_row(menu, size, wanted), **proxy, "refused": None}
        for menu, size, wanted in zip(found, sizes, best, strict=True)
    ]


def refused_row(devices: DeviceSet, reason: HarnessError) -> Row:
    """Return the row of a set that cannot be served: its devices and the reason."""
    names = ", ".join(device.name for device in devices.devices)
    return {
        **dict.fromkeys(COLUMNS), "set": devices.name, "device": names, "refused": reason.message
    }  # fmt: skip


def assignment_rows(name: str, found: Sequence[Menu], placed: Placed) -> list[Row]:
    """Return one row for each kept filter of a set."""
    return [
        {"set": name, "device": menu.device.name, "student": student, "filter": node}
        for student, (menu, communities) in enumerate(zip(found, placed, strict=True))
        for node in sorted(node for community in communities for node in community)
    ]


def fit_budgets(inputs: Inputs, params: BudgetsParams, outputs: Outputs, run: Run) -> None:
    """Step: choose network, width, depth and filters of every device of every set.

    A set that cannot be served gets one row that says why, and the others are served all the same.
    """
    weights = weights_of(inputs)
    links = links_of(cut(weights, params.keep_percentile))
    communities = search(weights, links, params, run.generator("communities"))
    kept = sum(map(len, communities))
    networks = [one for family in params.networks for one in family.networks(params.task)]
    rows: list[Row] = []
    assignment: list[Row] = []
    for devices in params.sets:
        try:
            found = menus(devices, networks, kept)
        except HarnessError as reason:
            rows.append(refused_row(devices, reason))
            continue
        placed = assign(found, communities, links)
        rows += set_rows(devices.name, found, placed)
        assignment += assignment_rows(devices.name, found, placed)
    outputs.rows("rows", rows)
    outputs.rows("assignment", assignment)
