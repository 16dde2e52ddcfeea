"""The step that does nothing."""

import importlib

from harness.steps import Params


def rest(inputs, params: Params, outputs, run) -> None:
    """Import the framework that the stage is named after, and write an empty record."""
    del inputs, params
    importlib.import_module(run.stage)
    outputs.record("record", {})
