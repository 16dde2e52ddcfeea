"""The interpreters of the project's environments, built when they are not there."""

from pathlib import Path

from harness.environment import Environments
from harness.spec.files import SpecFiles

ROOT = Path(__file__).parents[1]


def interpreter(environment: str) -> Path:
    """Return the Python of an environment as its lock stands now."""
    spec = SpecFiles.read(ROOT / "specs").environments()[environment]
    return Environments(ROOT).python(spec.planned())
