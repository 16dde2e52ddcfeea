"""A small valid project, and the steps that its paper may use."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from harness.data.params import DatasetParams
from harness.steps import Params, Step

CONFIG = """\
# yaml-language-server: $schema=schema/config.schema.json
made_by: "harness compile from specs/; edit the specs, not this file"
defaults:
  - _self_
  - environment@environments.harness: harness
  - environment@environments.torch: torch
  - device@devices.host: host
  - papers@papers.sums: sums
  - profile: smoke
"""

PAPER = """\
paper: sums
title: A paper about sums
authors: [A. Nobody, B. Nobody]
publications:
  talk: {title: Sums, venue: A workshop, year: 2020, arxiv: "2001.00001", licence: CC-BY-4.0}
seeds: [0, 1]
claims:
  large-sum:
    says: The sum of the large numbers is 12 kilobytes
    source: {publication: talk, where: Table 1, certainty: table}
    reported: {value: 12.0, unit: kilobyte}
    reproduced: {table: totals, row: {size: large}, column: total}
    agrees: {relative: 0.02}
  larger:
    says: Large sums are larger
    source: {publication: talk, where: abstract, certainty: abstract}
    reported: {statement: larger}
    reproduced: {table: totals, row: {size: large}, column: total}
    against: {table: totals, row: {size: small}, column: total}
    agrees: {relation: at least, margin: 0.5}
    decided_from: reviewer
  on-a-phone:
    says: It is fast on a phone
    source: {publication: talk, where: abstract, certainty: abstract}
    reported: {value: 2, unit: x}
    needs: a phone
stages:
  numbers:
    step: sums.draw
    environment: torch
    params: {count: 5, rate: 1e-3}
    per_seed: true
  total:
    step: sums.add
    inputs: {numbers: numbers.values}
  speed:
    step: sums.time
    inputs: {numbers: numbers.values}
    device: host
tables:
  totals:
    caption: Sums of numbers
    rows: [total.rows]
    key: [size]
    columns:
      size: {heading: Size, values: [small, large]}
      total: {heading: Total, unit: byte, digits: 2}
    over_seeds: [total]
figures:
  dots:
    caption: The sums as dots
    draw: sums.plot
    inputs: {sums: total.rows}
"""

ENVIRONMENT = """\
environment: {name}
says: Where it runs
lock: environments/{name}.txt
equality: bytes
"""

DEVICE = """\
device: host
says: This machine
kind: host
warm_up: 1
samples: 3
tolerance: 0.5
"""

PROFILE = """\
# @package _global_
# yaml-language-server: $schema=../schema/profile.schema.json
profile: {{name: {name}, rank: {rank}, says: A size}}
papers: {papers}
"""


class DrawParams(Params):
    """What the numbers are."""

    count: int = Field(ge=1)
    rate: float = Field(0.1, gt=0)
    spread: tuple[float, ...] = ()


class NoParams(Params):
    """Nothing to choose."""


STEPS = {
    "harness.dataset": Step(
        run="harness.data.step:materialise", params=DatasetParams, outputs={"images": "arrays"}
    ),
    "harness.table": Step(run="harness.table.step:render", params=NoParams),
    "sums.draw": Step(
        run="reproductions.sums.draw:draw",
        params=DrawParams,
        inputs={"images": "arrays"},
        optional=frozenset({"images"}),
        outputs={"values": "arrays", "log": "record"},
    ),
    "sums.add": Step(
        run="reproductions.sums.add:add",
        params=NoParams,
        inputs={"numbers": "arrays"},
        outputs={"rows": "rows"},
        more_inputs="arrays",
    ),
    "sums.time": Step(
        run="reproductions.sums.time:time",
        params=NoParams,
        inputs={"numbers": "arrays"},
        outputs={"record": "measurement"},
    ),
    "sums.plot": Step(
        run="reproductions.sums.plot:plot",
        params=NoParams,
        inputs={"sums": "rows"},
        outputs={"figure": "figure"},
    ),
}


def write_specs(root: Path) -> Path:
    """Write the small project under `root` and return its folder of specs."""
    files = {
        "specs/config.yaml": CONFIG,
        "specs/papers/sums.yaml": PAPER,
        "specs/device/host.yaml": DEVICE,
        "specs/profile/smoke.yaml": PROFILE.format(name="smoke", rank=0, papers="{}"),
        "specs/profile/reviewer.yaml": PROFILE.format(
            name="reviewer", rank=1, papers="{sums: {seeds: [0, 1, 2]}}"
        ),
    }
    for name in ("harness", "torch"):
        files[f"specs/environment/{name}.yaml"] = ENVIRONMENT.format(name=name)
        files[f"environments/{name}.txt"] = "numpy==2.0.0\n"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root / "specs"
