"""A device: where a measuring stage measures, and how its nodes are reached."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, RootModel, StringConstraints, model_validator

from harness.errors import HarnessError
from harness.spec.base import Identifier, RelativePath, Spec, Text

_LONGEST_WAIT = 600_000
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


def _check_address(address: str) -> str:
    """Return `address` when it is an IPv4 or IPv6 address or a host name; else ValueError."""
    if not _is_address(address):
        raise ValueError(f"'{address}' is no IPv4 address, no IPv6 address and no host name")
    return address


def _is_address(address: str) -> bool:
    named = ":" not in address and not re.fullmatch(r"[0-9.]+", address)
    if named:
        return all(_LABEL.fullmatch(label) for label in address.split("."))
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


NodeAddress = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9:][A-Za-z0-9:.-]{0,252}$"),
    AfterValidator(_check_address),
]
"""An IPv4 or IPv6 address, or the name of a host; nothing that a shell would take apart."""

TargetWord = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)
]
"""A CPU or a triple, as LLVM spells them: `cortex-a53`, `aarch64-linux-gnu`."""

TargetFeature = Annotated[
    str, StringConstraints(pattern=r"^[+-][A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)
]
"""A feature of a CPU that is to be used or not, as LLVM spells it: `+neon`."""


class Link(Spec):
    """The network between a node and the host."""

    latency_ms: float = Field(ge=0, le=60_000, description="One way, of the first bit.")
    bandwidth_mbit: float = Field(gt=0, le=100_000, description="10^6 bits a second, each way.")


class Address(Spec):
    """Where a server listens."""

    address: NodeAddress
    port: int = Field(ge=1, le=65535)


class Target(Spec):
    """What code is compiled for, in TVM's and LLVM's words."""

    kind: Literal["llvm"]
    mcpu: TargetWord | None = Field(None, description="The CPU, such as `cortex-a53`.")
    mtriple: TargetWord | None = Field(
        None, description="Architecture and system, such as `aarch64-linux-gnu`; else the host's."
    )
    mattr: tuple[TargetFeature, ...] = Field(
        (), description="Features of the CPU, such as `+neon`."
    )
    num_cores: int | None = Field(
        None, ge=1, le=1024, description="Cores that tuning takes for granted."
    )

    def as_tvm(self) -> dict[str, Any]:
        """Return the target in the form of `tvm.target.Target`'s argument."""
        found = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return {key.replace("num_cores", "num-cores"): value for key, value in found.items()}


class _Device(Spec):
    device: Identifier
    says: Text
    warm_up: int = Field(ge=1, description="Calls that are made and thrown away.")
    samples: int = Field(ge=3, description="Calls that are timed.")
    tolerance: float = Field(
        gt=0, description="Largest relative difference between the medians of two records."
    )

    def planned(self) -> dict[str, Any]:
        """Return the spec as the plan of a stage carries it; `DeviceSpec.of` reads it again."""
        return self.model_dump(mode="json", exclude_defaults=True)


class _Nodes(_Device):
    deadline_ms: float = Field(
        gt=0, le=_LONGEST_WAIT, description="How long the host waits for the nodes' answers."
    )
    link: Link = Field(description="Of each node to the host; what a simulation assumes.")
    pinned: bool = Field(
        True, description="Each node's process stays on a core of its own while there are cores."
    )


class Host(_Device):
    """The machine that runs the harness, in the stage's own process."""

    kind: Literal["host"]


class LitertHost(_Device):
    """The machine that runs the harness, where LiteRT runs networks in the stage's own process."""

    kind: Literal["litert"]
    threads: int = Field(ge=1, le=256, description="Threads of the interpreter, for every network.")
    xnnpack: bool = Field(
        description="Whether XNNPACK runs what it can, as LiteRT itself decides; else LiteRT's own "
        "kernels run everything."
    )


class LocalProcess(_Nodes):
    """One process a node on the machine that runs the harness."""

    kind: Literal["local_process"]
    runtime: Literal["onnxruntime", "tvm"] = Field(description="What runs a node's network.")
    target: Target | None = Field(None, description="With runtime `tvm`: what is compiled for.")
    tuning: RelativePath | None = Field(
        None, description="With runtime `tvm`: the record of a tuning that it compiles by."
    )
    shaped: tuple[Link, ...] = Field(
        (),
        description="Links that are also made for real, between network namespaces, where the "
        "system permits it.",
    )

    @model_validator(mode="after")
    def _compiles_with_tvm(self) -> Self:
        compiles = self.runtime == "tvm"
        if compiles and self.target is None:
            raise ValueError("runtime 'tvm' needs a 'target' to compile for")
        if not compiles and (self.target, self.tuning) != (None, None):
            raise ValueError("'target' and 'tuning' go with runtime 'tvm' alone")
        return self

    @model_validator(mode="after")
    def _links_differ(self) -> Self:
        # The series of a record are named after the bandwidth.
        if len({link.bandwidth_mbit for link in self.shaped}) != len(self.shaped):
            raise ValueError("each link under 'shaped' needs a bandwidth of its own")
        return self


class TvmRpc(_Nodes):
    """One TVM RPC server a node: a process of this machine, or a board somewhere else."""

    kind: Literal["tvm_rpc"]
    servers: Literal["local"] | tuple[Address, ...] = Field(
        description="`local`: the harness starts one a node on 127.0.0.1. Else where they run "
        "already, at least as many as there are nodes."
    )
    target: Target = Field(description="What the nodes' networks are compiled for.")
    tuning: RelativePath | None = Field(
        None, description="The record of a tuning that they are compiled by."
    )

    @model_validator(mode="after")
    def _servers_differ(self) -> Self:
        if self.servers == ():
            raise ValueError("'servers' is empty: list an address a node, or write local")
        if len(set(self.servers)) != len(self.servers) and self.servers != "local":
            raise ValueError("'servers' lists one address and port twice; a node needs its own")
        return self

    def of_nodes(self, nodes: int) -> tuple[Address, ...] | None:
        """Return the servers of `nodes` nodes, or None when the harness starts them.

        Raises
        ------
        HarnessError
            Fewer servers are listed than there are nodes.
        """
        if self.servers == "local":
            return None
        if len(self.servers) < nodes:
            raise HarnessError(
                f"device '{self.device}' lists {len(self.servers)} servers, "
                f"and {nodes} nodes are to be measured",
                f"list {nodes} under 'servers' in specs/device/{self.device}.yaml, "
                "or measure fewer nodes",
            )
        return self.servers[:nodes]


Device = Annotated[Host | LitertHost | LocalProcess | TvmRpc, Field(discriminator="kind")]
"""Where a measuring stage measures."""


class DeviceSpec(RootModel[Device]):
    """Where a measuring stage measures, and how far two measurements may lie apart."""

    @classmethod
    def of(cls, planned: Mapping[str, Any]) -> Device:
        """Return the device that `planned`, of a stage's plan, describes."""
        return cls.model_validate_json(json.dumps(planned)).root
