"""The exact search: which windows lose least, for a saving or for every saving that there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple

from harness.errors import HarnessError
from reproductions.shunt.search.candidate import Candidate, Choice, S, check_inside


class _State(NamedTuple):
    """Shunts in the blocks so far: what they save and lose, and which they are."""

    saving: int
    loss: int
    places: tuple[int, ...]

    def grown(self, candidate: Candidate[Any], place: int) -> _State:
        """The same with one shunt more."""
        saving, loss = self.saving + candidate.saving, self.loss + candidate.loss
        return _State(saving, loss, (*self.places, place))


class Infeasible(HarnessError):  # noqa: N818 - an answer of the search and not a fault
    """No choice saves what is needed; `largest` is the most that one does, in the same unit."""

    def __init__(self, most: int, needed: int, largest: int, unit: str) -> None:
        gap = needed - largest
        super().__init__(
            f"{_count(most)} can save {largest:,} {unit} at most, and {needed:,} are needed: "
            f"{gap:,} too few, {100 * gap / needed:.2f} % of them",
            "let more of the network remain, allow more shunts, or offer other architectures",
        )
        self.needed = needed
        self.largest = largest


def _count(shunts: int) -> str:
    return f"{shunts} shunt" if shunts == 1 else f"{shunts} shunts"


def choose(
    candidates: Sequence[Candidate[S]], blocks: int, most: int, needed: int, unit: str = "units"
) -> Choice[S]:
    """Return the choice of at most `most` disjoint windows that saves `needed` and loses least.

    The loss of a choice is the sum of its windows', each of which was measured alone. Of equal ones
    it is the choice with fewer shunts, then the one that saves more, then the one whose
    windows begin, and then end, earlier, then the shunt that comes first in `candidates`.

    Raises
    ------
    Infeasible
        No choice saves as much; it tells by how much, in `unit` and in percent.
    """
    found = _Search(candidates, blocks, most)
    enough = [state for state in found.states if state.saving >= needed]
    if not enough:
        raise Infeasible(most, needed, max(state.saving for state in found.states), unit)
    best = min(enough, key=lambda one: (one.loss, len(one.places), -one.saving, one.places))
    return found.choice(best)


def front(candidates: Sequence[Candidate[S]], blocks: int, most: int) -> list[Choice[S]]:
    """Return every choice that no other betters, by rising saving and so by rising loss.

    One choice betters another when it saves no less and loses no more, and is not its equal in
    both. Of equals it is the one that `choose` would return.
    """
    found = _Search(candidates, blocks, most)
    ordered = sorted(
        found.states, key=lambda one: (-one.saving, one.loss, len(one.places), one.places)
    )
    return [found.choice(state) for state in reversed(_falling(ordered))]


class _Search(Generic[S]):
    """All states of the whole network that can be an answer, by dynamic programming over blocks.

    A state of some blocks and some number of shunts is dropped when another of the same saves no
    less and loses no more: whatever windows follow, they fit the other as well and leave it ahead.
    Among equals the earlier windows stay, which they are with any that follow. So what remains
    holds the answer to every question that depends on loss, number of shunts, saving and windows.
    """

    def __init__(self, candidates: Sequence[Candidate[S]], blocks: int, most: int) -> None:
        check_inside(candidates, blocks)
        # Sorting is stable: of one window the shunt that was given first stays first.
        self._candidates = sorted(candidates, key=lambda one: (one.first, one.last))
        self.states = self._reach(blocks, min(most, blocks))

    def choice(self, state: _State) -> Choice[S]:
        """Return what a state stands for."""
        return Choice(tuple(self._candidates[place] for place in state.places))

    def _reach(self, blocks: int, most: int) -> list[_State]:
        # reached[block][shunts]: states whose windows all end before `block`.
        reached: list[list[list[_State]]] = [
            [[] for _ in range(most + 1)] for _ in range(blocks + 1)
        ]
        reached[0][0] = [_State(0, 0, ())]
        starting: list[list[int]] = [[] for _ in range(blocks)]
        for place, candidate in enumerate(self._candidates):
            starting[candidate.first].append(place)
        for block in range(blocks):
            for shunts in range(most + 1):
                kept = _undominated(reached[block][shunts])
                reached[block + 1][shunts] += kept
                for place in starting[block] if shunts < most else ():
                    candidate = self._candidates[place]
                    grown = [state.grown(candidate, place) for state in kept]
                    reached[candidate.last + 1][shunts + 1] += grown
        return [state for states in reached[blocks] for state in _undominated(states)]


def _undominated(states: list[_State]) -> list[_State]:
    return _falling(sorted(states, key=lambda one: (-one.saving, one.loss, one.places)))


def _falling(ordered: list[_State]) -> list[_State]:
    """Return the states, by falling saving, that lose less than all before them."""
    kept: list[_State] = []
    for state in ordered:
        if not kept or state.loss < kept[-1].loss:
            kept.append(state)
    return kept
