"""The step that chooses windows and shunts for every budget."""

from __future__ import annotations

from harness.devices.record import read
from harness.formats.rows import Row
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.run import Run
from reproductions.shunt.architecture import Architecture, describe
from reproductions.shunt.params.search import Metric, SearchParams
from reproductions.shunt.params.shunt import Placed
from reproductions.shunt.parts import by_window
from reproductions.shunt.search.latencies import Latencies
from reproductions.shunt.search.losses import Losses, losses_of, quotients_of
from reproductions.shunt.search.offers import candidates_of, offer, offers_of, whole
from reproductions.shunt.search.table import Pick, Space

LATENCY = "latency"


def search(
    inputs: Inputs,
    params: SearchParams,
    outputs: Outputs,
    run: Run,  # noqa: ARG001 - the contract of a step
) -> None:
    """Step: choose windows and shunts for every budget, beside those that were picked by hand.

    `choices` has the windows of each system; a budget that no choice meets gets one row that says
    by how much, and the others are served all the same. `front` has the choices that none
    betters, and `candidates` how many shunts were on offer and why the others were not.

    Raises
    ------
    HarnessError
        The quotients are of another network; a budget of latency lacks the latencies; or a shunt
        that was picked by hand cannot be built.
    """
    latencies = _latencies(inputs, params) if LATENCY in inputs else None
    for name, rows in rows_of(params, inputs.rows("quotients"), latencies).items():
        outputs.rows(name, rows)


def _latencies(inputs: Inputs, params: SearchParams) -> Latencies:
    """Return the times of a record of parts, in which shunts of one shape are measured once."""
    measured = Latencies.of(read(inputs.path(LATENCY))).nanoseconds
    by_hand = [placed.shunt for system in params.published for placed in system.windows]
    shunts = list(dict.fromkeys([*params.shunts, *by_hand]))
    return Latencies(by_window(measured, describe(params.network), shunts))


def rows_of(
    params: SearchParams, quotients: list[Row], latencies: Latencies | None
) -> dict[str, list[Row]]:
    """Return the rows of the three outputs, by name."""
    network = describe(params.network)
    residual = [block.residual for block in network.blocks]
    measured = quotients_of(quotients, residual)
    losses = losses_of(measured, residual, params.importance, params.without_residual)
    offers = offers_of(network, params.shunts)
    spaces: dict[Metric, Space] = {}
    counts: list[Row] = []
    for metric in params.metrics:
        all_of_it = whole(network, metric, latencies)
        candidates, outcomes = candidates_of(offers, losses, metric, latencies)
        spaces[metric] = Space(metric, network, all_of_it, candidates, params.most)
        counts += [
            {"metric": metric, "outcome": outcome, "shunts": count}
            for outcome, count in outcomes.items()
        ]
    choices = [row for budget in params.budgets for row in spaces[budget.metric].searched(budget)]
    for system in params.published:
        for metric, space in spaces.items():
            picks = [
                _picked(placed, network, losses, metric, latencies) for placed in system.windows
            ]
            choices += space.system({"system": system.name, "chosen_by": "hand"}, picks)
    return {
        "choices": choices,
        "front": [row for space in spaces.values() for row in space.front()],
        "candidates": counts,
    }


def _picked(
    placed: Placed,
    network: Architecture,
    losses: Losses,
    metric: Metric,
    latencies: Latencies | None,
) -> Pick:
    """Return a window that was picked by hand, with what it loses and saves where it is known."""
    window = placed.window
    made = offer(network, window, placed.shunt)
    return Pick(made, losses.parts.get((window.first, window.last)), made.saving(metric, latencies))
