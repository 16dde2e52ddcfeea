"""Measure on a device and keep the record beside the older ones.

Nothing is overwritten. The new medians are printed beside those of the record that the tables
derive from, with their ratio; the status is 1 when one lies outside the device's tolerance. To
let the tables derive from the new record, name its number under `record` in the stage's spec.

With `--costs` nothing is run: what the last run of every stage took here is recorded, for the
estimates of a run and for the report. The file is committed, and replaced by the next `--costs`.

examples:
  harness measure
  harness measure nonn/latency --device host
  harness measure --costs
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

from harness.compiler.target import Target
from harness.costs import record_costs
from harness.devices.comparison import text
from harness.errors import UsageError
from harness.measure import measure, measuring_stage
from harness.project import Project
from harness.stage.hold import writing
from harness.stage.leftovers import sweep
from harness.status import planned_stages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("stage", nargs="?", help="the measuring stage, paper/stage")
    parser.add_argument("--device", metavar="D", help="a device of specs/device")
    parser.add_argument("--profile", metavar="P", help="another than the project's profile")
    parser.add_argument("--costs", action="store_true", help="record what each stage cost")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Measure; 0 when the new record is whole and agrees with the old one, if there is one."""
    from harness.spec.files import SpecFiles

    target = Target.of_profile(Project.find(), arguments.profile)
    plans = planned_stages(target)
    root = target.project.root
    if arguments.costs:
        with writing(root, "harness measure --costs"):
            path = record_costs(root, plans[0].profile)
        print(f"wrote {path.relative_to(target.project.root)}; now run `harness compile`")
        return 0
    plan = measuring_stage(plans, arguments.stage)
    devices = SpecFiles.read(target.project.specs).devices()
    if arguments.device:
        if arguments.device not in devices:
            raise UsageError(f"no device '{arguments.device}'; there are {', '.join(devices)}")
        plan = replace(plan, device=devices[arguments.device].planned())
    with writing(root, f"harness measure {plan.address}") as hold:
        sweep(root)
        done = measure(target, plan, hold.descriptors)
    place = done.path.relative_to(target.project.root)
    comparison = done.comparison
    if arguments.json:
        value = comparison.model_dump(mode="json") if comparison else None
        print(json.dumps({"record": str(place), "comparison": value}, indent=1))
    else:
        print(f"wrote {place}")
        print(text(comparison) if comparison else "the first record: nothing to compare with")
    return int(not done.complete or (comparison is not None and not comparison.inside))
