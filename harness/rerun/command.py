"""`harness verify --rerun`: its arguments and what it prints."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.rerun.reruns import Attempt, Culprit, Reruns
    from harness.rerun.variation import Chosen


class _ForRerun(argparse.Action):
    """What only a rerun has asks for one, so that it is never passed over."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        _option: str | None = None,
    ) -> None:
        """Keep the values, and ask for a rerun."""
        setattr(namespace, self.dest, True if self.nargs == 0 else values)
        if namespace.rerun is None:
            namespace.rerun = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of a rerun."""
    group = parser.add_argument_group(
        "rerun", "rerun the committed tree in a clone, without cache and network, and compare"
    )
    group.add_argument(
        "--rerun", nargs="?", const="", metavar="PAPER", help="rerun a paper or stage, or all"
    )
    group.add_argument(
        "--vary",
        action=_ForRerun,
        nargs="*",
        metavar="NAME[=VALUE]",
        help="vary these alone, as docs/verification.md lists them; all by default",
    )
    group.add_argument(
        "--stages",
        action=_ForRerun,
        nargs="+",
        metavar="STAGE",
        help="with --vary cpu: other stages, paper/stage",
    )
    group.add_argument(
        "--check",
        action=_ForRerun,
        nargs=0,
        help="with --vary cpu: compare the evidence with the manifest",
    )


def run(arguments: argparse.Namespace) -> int:
    """Rerun and compare; 1 when anything came out different."""
    from harness.errors import UsageError

    words: list[str] = arguments.vary or []
    of_cpu = [word for word in words if word.partition("=")[0] == "cpu"]
    if of_cpu:
        if len(of_cpu) < len(words):
            raise UsageError("--vary cpu: emulates a CPU, so it goes with no other variation")
        from harness.rerun import cpu

        return cpu.run(arguments, of_cpu)
    if arguments.stages or arguments.check:
        raise UsageError("--stages and --check: only with --vary cpu")
    return _rerun(arguments, words)


@dataclass(frozen=True)
class _Result:
    head: str
    changed: bool
    attempt: Attempt
    chosen: Sequence[Chosen]
    missing: Sequence[tuple[Chosen, str]]
    culprit: Culprit | None
    shown: Sequence[str]
    seconds: float

    @property
    def good(self) -> bool:
        return self.attempt.comparison.good


def _rerun(arguments: argparse.Namespace, words: list[str]) -> int:
    from harness.project import Project
    from harness.rerun.clone import committed
    from harness.rerun.host import Host
    from harness.rerun.reruns import Reruns
    from harness.rerun.variation import choose

    project = Project.find()
    host = Host.here()
    chosen, missing = choose(words, host)
    head, changed = committed(project.root)
    workspace = Path(tempfile.mkdtemp(prefix="harness-rerun-")).resolve()
    keep = False
    try:
        reruns = Reruns(project, arguments.profile, arguments.rerun, host, workspace)
        result = _carry_out(reruns, head, changed, chosen, missing)
        keep = not result.good
    finally:
        if not keep:
            shutil.rmtree(workspace, ignore_errors=True)
    if arguments.json:
        print(json.dumps(_as_json(result), indent=1))
    else:
        _print(result)
    return int(not result.good)


def _carry_out(
    reruns: Reruns,
    head: str,
    changed: bool,
    chosen: Sequence[Chosen],
    missing: Sequence[tuple[Chosen, str]],
) -> _Result:
    from harness.rerun.showing import showing

    started = time.monotonic()
    note = "; what is not committed is left out" if changed else ""
    print(f"rerunning the committed tree {head}{note}", file=sys.stderr, flush=True)
    attempt = reruns.attempt(chosen)
    culprit, shown = None, []
    if attempt.comparison.first_different:
        shown = showing(reruns, attempt)
        culprit = reruns.culprit(attempt, chosen)
    seconds = time.monotonic() - started
    return _Result(head, changed, attempt, chosen, missing, culprit, shown, seconds)


def _print(result: _Result) -> None:
    from harness.stage.progress import duration

    comparison = result.attempt.comparison
    width = max([len(stage.address) for stage in comparison.stages] + [len("stage")])
    print(f"{'stage':{width}}  files  outcome")
    for stage in comparison.stages:
        reason = f": {stage.reason}" if stage.reason else ""
        print(f"{stage.address:{width}}  {stage.files:5}  {stage.outcome}{reason}")
    for path, equality in comparison.whole_files.items():
        print(f"{path:{width}}  {1:5}  {equality}")
    print("\nin force:")
    print(f"  network: {result.attempt.network}")
    for one in result.chosen:
        print(f"  {one.variation.name}: {one.value}")
    if result.missing:
        print("not to be had here:")
    for one, why in result.missing:
        print(f"  {one.variation.name}: {why}")
    _print_difference(result)
    exact = sum(stage.outcome == "exact" for stage in comparison.stages)
    files = sum(stage.files for stage in comparison.stages)
    verdict = "exact" if result.good else "different"
    print(f"\n{verdict}: {exact} of {len(comparison.stages)} stages have the committed bytes "
          f"({files} files of commit {result.head}); took {duration(result.seconds)}")  # fmt: skip


def _print_difference(result: _Result) -> None:
    first = result.attempt.comparison.first_different
    if first is not None:
        print(f"\nfirst difference: {first.address}")
    for line in result.shown:
        print(f"  {line}")
    if result.culprit is not None:
        print(f"  {result.culprit}")
    if not result.good:
        print(f"  the clone is kept: {result.attempt.clone.tree}")


def _as_json(result: _Result) -> dict[str, Any]:
    comparison, culprit = result.attempt.comparison, result.culprit
    return {
        "commit": result.head,
        "uncommitted_changes": result.changed,
        "exact": result.good,
        "seconds": round(result.seconds, 1),
        "network": result.attempt.network,
        "variations": {one.variation.name: one.value for one in result.chosen},
        "missing": {one.variation.name: why for one, why in result.missing},
        "stages": [
            {
                "stage": stage.address,
                "files": stage.files,
                "outcome": stage.outcome,
                "reason": stage.reason,
                "different": list(stage.different),
            }
            for stage in comparison.stages
        ],
        "whole_files": dict(comparison.whole_files),
        "difference": list(result.shown),
        "culprit": culprit
        and {
            "variations": {one.variation.name: one.value for one in culprit.variations},
            "without_any": culprit.without_any,
            "reruns": culprit.reruns,
        },
        "clone": None if result.good else str(result.attempt.clone.tree),
    }
