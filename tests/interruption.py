"""Trainings that end in the middle, as a kill ends them, in any framework."""


class KillError(Exception):
    """Ends a run in the middle."""


class StopAfter:
    """Progress that ends the run once `epochs` epochs are done and saved."""

    def __init__(self, epochs):
        self.epochs = epochs

    def __call__(self, done, _total, _note=""):
        """Count."""
        if done == self.epochs:
            raise KillError
