"""The registry of the step that does nothing."""

from harness.steps import Params, Step

STEPS = {
    "rest": Step(run="reproductions.idle.rest:rest", params=Params, outputs={"record": "record"})
}
