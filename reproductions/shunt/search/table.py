"""The rows of the search: what is chosen for each budget, and the front that none betters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from harness.formats.rows import Row
from reproductions.shunt.architecture import Architecture
from reproductions.shunt.params.search import Budget, Metric
from reproductions.shunt.search.candidate import PARTS, Candidate, Choice
from reproductions.shunt.search.choice import Infeasible, choose, front
from reproductions.shunt.search.offers import UNITS, Offer

COLUMNS = (
    "system", "chosen_by", "metric", "keep", "shunts", "position", "first", "last", "window",
    "architecture", "width", "loss", "saving", "total_loss", "total_saving", "remaining",
    "remaining_share", "macs", "macs_share", "parameters", "parameters_share", "refused",
)  # fmt: skip
"""Of every row of the choices: of one window of one system, or of a budget that is refused."""


@dataclass(frozen=True)
class Pick:
    """One window of a system: its shunt, what it loses in PARTS, what it saves; None: unknown."""

    offer: Offer
    loss: int | None
    saving: int | None


@dataclass(frozen=True)
class Space:
    """What is searched in one metric: the network, what it costs whole, and what is on offer."""

    metric: Metric
    network: Architecture
    whole: int
    candidates: Sequence[Candidate[Offer]]
    most: int

    def searched(self, budget: Budget) -> list[Row]:
        """Return a row for each window that is chosen for `budget`, or one that refuses it."""
        about: Row = {"system": budget.name, "chosen_by": "search", "keep": budget.keep}
        needed = needed_of(self.whole, budget.keep)
        blocks = len(self.network.blocks)
        try:
            choice = choose(self.candidates, blocks, self.most, needed, UNITS[self.metric])
        except Infeasible as reason:
            return [self._row(about | {"refused": self._why(budget, reason)})]
        return self.system(about, _picks(choice))

    def system(self, about: Row, picks: Sequence[Pick]) -> list[Row]:
        """Return a row for each of `picks`; of none, one row without a window."""
        whole = self._row(about | self._totals(picks))
        return [
            whole
            | {
                "position": position,
                "first": pick.offer.window.first,
                "last": pick.offer.window.last,
                "window": str(pick.offer.window),
                "architecture": pick.offer.shunt.architecture,
                "width": pick.offer.shunt.width,
                "loss": None if pick.loss is None else pick.loss / PARTS,
                "saving": pick.saving,
            }
            for position, pick in enumerate(picks)
        ] or [whole]

    def front(self) -> list[Row]:
        """Return a row for each choice that no other betters, by rising saving."""
        found = front(self.candidates, len(self.network.blocks), self.most)
        return [
            {
                "metric": self.metric,
                "windows": str(choice),
                "architectures": " + ".join(str(pick.offer.shunt) for pick in _picks(choice))
                or None,
                **self._totals(_picks(choice)),
            }
            for choice in found
        ]

    def _row(self, said: Row) -> Row:
        return dict.fromkeys(COLUMNS) | {"metric": self.metric} | said

    def _totals(self, picks: Sequence[Pick]) -> Row:
        loss, saving = (_sum([pick.loss for pick in picks]), _sum([pick.saving for pick in picks]))
        remaining = None if saving is None else self.whole - saving
        macs = self.network.macs - sum(pick.offer.macs for pick in picks)
        parameters = self.network.parameters - sum(pick.offer.parameters for pick in picks)
        return {
            "shunts": len(picks),
            "total_loss": None if loss is None else loss / PARTS,
            "total_saving": saving,
            "remaining": remaining,
            "remaining_share": None if remaining is None else remaining / self.whole,
            "macs": macs,
            "macs_share": macs / self.network.macs,
            "parameters": parameters,
            "parameters_share": parameters / self.network.parameters,
        }

    def _why(self, budget: Budget, reason: Infeasible) -> str:
        """Tell that no choice meets a budget: what is left at least, and what may be."""
        least = 100 * (self.whole - reason.largest) / self.whole
        may = 100 * budget.keep
        return f"{reason.message}; {least:.2f} % would remain, and {may:g} % may"


def needed_of(whole: int, keep: float) -> int:
    """Return what must be saved of `whole` so that no more than the share `keep` remains.

    Exact: `keep` is taken as the decimal number that the spec shows.
    """
    return ceil(whole * (1 - Fraction(repr(keep))))


def _picks(choice: Choice[Offer]) -> list[Pick]:
    return [Pick(one.shunt, one.loss, one.saving) for one in choice.chosen]


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
