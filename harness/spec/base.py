"""The base of every spec and the names that specs are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from harness.spec.unit import check_unit
from harness.stage.place import check_relative


class Spec(BaseModel):
    """A strict, frozen piece of a spec: no unknown key, no coercion."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
    )


def check_address(address: str) -> str:
    """Return `address` when it holds no user name or password; raise ValueError otherwise."""
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise ValueError("an address in a spec holds no user name and no password")
    return address


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
"""A name inside a paper: lower-case words joined by hyphens (`node-memory`)."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""A name that is also a Python identifier: papers, parameters, columns (`memory_ratio`)."""

StepName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=129)
]
"""`<package>.<step>`: a step of the closed registry (`nonn.train_teacher`)."""

Reference = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z][a-z0-9_]*$", max_length=129),
]
"""`<stage>.<output>`: an output of another stage of the same paper (`teacher.weights`)."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
"""A sentence or two for people."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in lower-case hexadecimal digits."""

RelativePath = Annotated[str, StringConstraints(min_length=1), AfterValidator(check_relative)]
"""A path inside the project, with forward slashes."""

Unit = Annotated[str, AfterValidator(check_unit)]
"""A unit that pint knows, `x` for a ratio or `count` for a number of things."""

Scalar = bool | int | float | str
"""What a table's cell or a row's key may hold."""
