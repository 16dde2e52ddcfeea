"""Reruns of one committed tree: one with the variations, and those that find the culprit."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.environment import Environments
from harness.order import needed
from harness.project import Project
from harness.repro import dvc_targets
from harness.rerun.bisection import smallest
from harness.rerun.carried import carry_over
from harness.rerun.clone import Clone, make
from harness.rerun.comparison import Comparison, committed_entries, compare
from harness.rerun.enclosure import Enclosure
from harness.rerun.host import Host
from harness.rerun.variation import Chosen, setting_of
from harness.stage.planned import PlannedStage
from harness.status import planned_stages


@dataclass(frozen=True)
class Attempt:
    """One rerun: its clone, what it came to, and how the network was kept away."""

    clone: Clone
    comparison: Comparison
    network: str


@dataclass(frozen=True)
class Culprit:
    """What makes the first different stage differ.

    Parameters
    ----------
    variations
        The smallest set that does; none when the stage also differs without any of them, or when
        it did not differ again.
    without_any
        Whether the stage differs without any variation.
    reruns
        How many reruns it took to find out.
    """

    variations: tuple[Chosen, ...]
    without_any: bool
    reruns: int

    def __str__(self) -> str:
        count = f"{self.reruns} more rerun{'s' * (self.reruns != 1)}"
        if self.without_any:
            return f"it differs without any variation too: none of them is at fault ({count})"
        if not self.variations:
            return f"it did not differ again: it depends on chance, or on what ran before ({count})"
        together = " together" if len(self.variations) > 1 else ""
        names = ", ".join(map(str, self.variations))
        return f"it differs because of {names}{together} ({count})"


@dataclass
class Reruns:
    """The reruns of one command, each in a folder of its own under one workspace.

    Parameters
    ----------
    project
        Whose committed tree is rerun.
    profile
        Another than the project's profile, or None.
    word
        The paper or stage to rerun; "" for everything.
    host
        What can be had here.
    workspace
        An empty folder.
    """

    project: Project
    profile: str | None
    word: str
    host: Host
    workspace: Path
    made: int = 0

    def attempt(self, chosen: Sequence[Chosen]) -> Attempt:
        """Rerun what is asked for under the variations `chosen`."""
        return self._run(chosen, self.word, None)

    def culprit(self, attempt: Attempt, chosen: Sequence[Chosen]) -> Culprit:
        """Find what makes the first different stage of `attempt` differ.

        The stages before it gave the committed bytes, so they are not run again.
        """
        stage = attempt.comparison.first_different
        if stage is None:
            raise ValueError("nothing differs")
        before = self.made

        def differs(part: Sequence[Chosen]) -> bool:
            said = ", ".join(map(str, part)) or "no variation"
            print(f"{stage.address} again, with {said}", file=sys.stderr, flush=True)
            again = self._run(part, stage.address, attempt.clone)
            shutil.rmtree(again.clone.folder)
            return again.comparison.first_different is not None

        if not chosen or differs(()):
            return Culprit((), without_any=True, reruns=self.made - before)
        found = smallest(tuple(chosen), differs)
        if len(found) == len(chosen) and not differs(found):
            found = ()
        return Culprit(found, without_any=False, reruns=self.made - before)

    def _run(self, chosen: Sequence[Chosen], word: str, upstream_of: Clone | None) -> Attempt:
        self.made += 1
        setting = setting_of(chosen)
        folder = self.workspace / f"rerun-{self.made}"
        folder.mkdir()
        root = self.project.root.resolve()
        clone = make(root, folder, setting, self.profile, self.host)
        target = clone.target(self.profile)
        committed_entries(clone, target)  # nothing is run that could not be compared
        plans = planned_stages(target)
        names = dvc_targets(plans, {}, [word] if word else [])
        self._build_environments(needed(plans, names))
        if upstream_of is not None:
            upstream = {plan.dvc_name for plan in needed(plans, names)} - set(names)
            carry_over(upstream_of, clone, self.profile, upstream)
        command = [sys.executable, "-m", "harness", "repro", *([word] if word else [])]
        if self.profile:
            command += ["--profile", self.profile]
        enclosure = Enclosure(self.host, setting)
        enclosure.run(clone, command)
        return Attempt(clone, compare(clone, target, plans, names), enclosure.network)

    def _build_environments(self, plans: list[PlannedStage]) -> None:
        """Build what is missing where it is shared: the rerun itself has no network."""
        environments = Environments(self.project.root)
        for environment in {plan.environment.name: plan.environment for plan in plans}.values():
            environments.python(environment)
