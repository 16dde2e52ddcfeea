"""Knowledge quotients: how much of a network's accuracy is lost without a residual block.

Haas 2021, release: ``KQ = 1 - a / a_full``, with a the accuracy without the block and no training
in between. Small, or below zero, means that the block can be spared. The release measures on the
test split, here the caller's validation split is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from harness.errors import HarnessError
from reproductions.shunt.evaluation import Answer, answering
from reproductions.shunt.params.window import Window
from reproductions.shunt.surgery.blocks import Block, block, blocks_of
from reproductions.shunt.surgery.gates import Gated
from reproductions.shunt.surgery.graph import Graph

Score = Callable[[Any], float]
"""The accuracy, or mean IoU, of a Keras model on the validation split."""


def of_answers(score: Callable[[Answer], float]) -> Score:
    """Return the score of models, each compiled once, of a score of what they answer.

    ``of_answers(lambda answer: quality(answer, validation, 64))`` measures every setting of one
    model with one compiled graph.
    """
    compiled: list[tuple[Any, Answer]] = []

    def score_of(model: Any) -> float:
        if not any(known is model for known, _ in compiled):
            compiled[:] = [(model, answering(model))]
        return score(compiled[0][1])

    return score_of


@dataclass(frozen=True)
class Quotient:
    """What the residual blocks of a window are worth together.

    Parameters
    ----------
    window
        One block, or several.
    removed
        Numbers of the residual blocks in it, all of which were taken out.
    start, end
        Names of the first and the last layer.
    score, full
        The score without them, and the score of the whole network.
    quotient
        ``1 - score / full``, or ``score / full`` in the earlier definition.
    """

    window: Window
    removed: tuple[int, ...]
    start: str
    end: str
    score: float
    full: float
    quotient: float


@dataclass(frozen=True)
class Knowledge:
    """The quotients of a network, and why some things have none.

    Parameters
    ----------
    quotients
        In the order of the blocks, or of the windows that were asked for.
    skipped
        One message for each block, addition or window that cannot be taken out.
    """

    quotients: tuple[Quotient, ...]
    skipped: tuple[str, ...]

    def of(self, window: Window) -> Quotient | None:
        """Return the quotient of `window`, None where it has none."""
        return next((one for one in self.quotients if one.window == window), None)


def quotients(model: Any, score: Score, *, compat: bool = False) -> Knowledge:
    """Return the quotient of every residual block of `model`.

    Parameters
    ----------
    score
        It is handed one and the same model every time, first whole and then without a block: what
        it compiles of it once it can use again.
    compat
        Take the earlier definition, ``a / a_full``: large means dispensable.

    Raises
    ------
    HarnessError
        The whole network has a score of zero, or of no number, of which no share can be told.
    """
    graph = Graph.of(model)
    found = blocks_of(graph)
    windows = [Window(first=one.ordinal, last=one.ordinal) for one in found if one.residual]
    measured = _measured(model, found, windows, score, compat=compat)
    return Knowledge(tuple(measured), tuple(_not_removable(graph, found)))


def joint_quotients(
    model: Any, score: Score, windows: Iterable[Window], *, compat: bool = False
) -> Knowledge:
    """Return the quotient of each of `windows`: all of its residual blocks are taken out at once.

    A window without a residual block has none. Windows with the same residual blocks are measured
    once. For `score` and `compat` see `quotients`.
    """
    found = blocks_of(Graph.of(model))
    wanted = list(windows)
    some = [window for window in wanted if _removed(found, window)]
    skipped = tuple(
        f"window {window} has no residual block, and so no quotient"
        for window in wanted
        if window not in some
    )
    return Knowledge(tuple(_measured(model, found, some, score, compat=compat)), skipped)


def _removed(found: tuple[Block, ...], window: Window) -> tuple[int, ...]:
    for end in (window.first, window.last):
        block(found, end)
    return tuple(one.ordinal for one in found if one.residual and one.ordinal in window.blocks)


def _measured(
    model: Any, found: tuple[Block, ...], windows: list[Window], score: Score, *, compat: bool
) -> Iterator[Quotient]:
    gated = Gated.of(model)
    full = float(score(gated.model))
    if not full > 0:
        raise HarnessError(
            f"the network '{model.name}' scores {full:g} as a whole: knowledge quotients are "
            "shares of that",
            "train the network before its knowledge quotients are measured",
        )
    known: dict[tuple[int, ...], float] = {}
    for window in windows:
        removed = _removed(found, window)
        if removed not in known:
            gated.remove(removed)
            known[removed] = _finite(float(score(gated.model)), window)
        share = known[removed] / full
        yield Quotient(
            window,
            removed,
            block(found, window.first).calls[0].name,
            block(found, window.last).calls[-1].name,
            known[removed],
            full,
            share if compat else 1 - share,
        )


def _finite(score: float, window: Window) -> float:
    if not isfinite(score):
        raise HarnessError(
            f"without the residual blocks of window {window} the network scores {score}",
            "give a score that is a number for every network, such as an accuracy",
        )
    return score


def _not_removable(graph: Graph, found: tuple[Block, ...]) -> Iterator[str]:
    for one in found:
        if not one.residual:
            yield f"block {one.ordinal} ('{one.name}') is not residual: nothing leads around it"
    ends = {id(one.exit) for one in found}
    for call in graph.calls:
        if call.adds and id(call.outputs[0]) not in ends:
            yield f"the addition '{call.name}' ends no block: what it adds cannot be taken out"
