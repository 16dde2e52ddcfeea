"""An environment: a locked set of packages, its fixed variables and what equality it reaches."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from harness.spec.base import Name, RelativePath, Spec, Text
from harness.stage.planned import MODULE, PlannedEnvironment

Module = Annotated[str, StringConstraints(pattern=rf"^{MODULE}$")]
"""The name of a Python module."""


def _check_variable(name: str) -> str:
    if name in ("PATH", "HOME", "TMPDIR") or name.startswith(("LD_", "PYTHON", "MPLCONFIG")):
        raise ValueError(f"'{name}' says which code runs; the harness sets it, no spec does")
    return name


Variable = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$"), AfterValidator(_check_variable)
]
"""The name of a variable of a stage's process."""


class Environment(Spec):
    """Where a stage runs."""

    environment: Name
    says: Text
    lock: RelativePath = Field(description="The locked requirements, with hashes.")
    python: str = Field("3.11", pattern=r"^3\.\d+$")
    equality: Literal["bytes", "fingerprint"] = Field(
        description="`bytes`: the same on every x86-64 CPU with AVX2. `fingerprint`: the same on "
        "a CPU with the same fingerprint, within `tolerance` elsewhere."
    )
    tolerance: float | None = Field(
        None, gt=0, description="Largest relative difference of a number on another CPU."
    )
    variables: dict[Variable, str] = Field(
        {}, description="Set before the stage's process starts, beside those of every stage."
    )
    imports: tuple[Module, ...] = Field(
        (), description="Modules that must import once it is built."
    )

    def planned(self) -> PlannedEnvironment:
        """Return what a stage's process has to know of the environment."""
        return PlannedEnvironment(
            name=self.environment,
            lock=self.lock,
            python=self.python,
            equality=self.equality,
            tolerance=self.tolerance,
            variables=dict(self.variables),
            imports=self.imports,
        )

    @model_validator(mode="after")
    def _tolerance_with_fingerprint(self) -> Self:
        if (self.equality == "fingerprint") != (self.tolerance is not None):
            raise ValueError("a 'tolerance' goes with equality 'fingerprint', and only with it")
        return self
