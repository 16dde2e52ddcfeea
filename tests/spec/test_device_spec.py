"""Devices in YAML: what each kind may say, and what it is for those who read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.spec.device import DeviceSpec, Host, Link, LitertHost, LocalProcess, Target, TvmRpc
from harness.spec.files import SpecFiles
from harness.spec.schema import schema
from harness.spec.translation import Place, faults

SPECS = Path(__file__).parents[2] / "specs"
SHARED = """\
device: some
says: Somewhere
warm_up: 1
samples: 3
tolerance: 0.5
"""
NODES = f"""\
{SHARED}
deadline_ms: 500
link: {{latency_ms: 0.5, bandwidth_mbit: 100}}
"""
LOCAL = NODES + "kind: local_process\nruntime: onnxruntime\n"
COMPILED = NODES + "kind: local_process\nruntime: tvm\ntarget: {kind: llvm}\n"
LITERT = f"{SHARED}kind: litert\nthreads: 2\nxnnpack: false\n"
RACK = (
    NODES
    + """\
kind: tvm_rpc
target: {kind: llvm, mtriple: aarch64-linux-gnu, mcpu: cortex-a53, mattr: [+neon], num_cores: 4}
servers:
  - {address: 192.168.1.21, port: 9090}
  - {address: pi-2.local, port: 9090}
  - {address: "fe80::1", port: 9091}
"""
)


def device(text: str) -> Any:
    """Return the device that a YAML text describes."""
    return DeviceSpec.of(yaml.safe_load(text))


def said(text: str) -> str:
    """Return what is wrong with a YAML text, one line a problem."""

    def nowhere(path: Any, *, key: bool = False) -> Place:
        del key
        return Place("f", 1, 1, ".".join(map(str, path)))

    return "\n".join(
        f"{fault.problem.field}: {fault.problem.message}; {fault.problem.allowed}"
        for fault in faults(DeviceSpec, yaml.safe_load(text), nowhere)
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{SHARED}kind: host", Host),
        (LITERT, LitertHost),
        (LOCAL, LocalProcess),
        (COMPILED, LocalProcess),
        (RACK, TvmRpc),
        (f"{NODES}kind: tvm_rpc\ntarget: {{kind: llvm}}\nservers: local", TvmRpc),
    ],
)
def test_each_kind_is_told_by_its_name(text: str, kind: type) -> None:
    """A spec becomes its kind's model, and the plan's copy of it the same again."""
    found = device(text)

    assert type(found) is kind
    assert DeviceSpec.of(found.planned()) == found


def test_our_devices_are_of_each_kind() -> None:
    """The project's own specs give every kind, and links of 10 and 100 Mbit/s that are made."""
    ours = SpecFiles.read(SPECS).devices()

    assert {name: type(one) for name, one in ours.items()} == {
        "host": Host,
        "litert": LitertHost,
        "local_process": LocalProcess,
        "tvm_rpc": TvmRpc,
        "tvm_tuned": TvmRpc,
    }
    local = ours["local_process"]
    assert isinstance(local, LocalProcess)
    assert [link.bandwidth_mbit for link in local.shaped] == [10, 100]


def test_litert_runs_on_a_fixed_number_of_threads() -> None:
    """Our LiteRT device measures on one thread with XNNPACK, after calls that do not count."""
    ours = SpecFiles.read(SPECS).devices()["litert"]

    assert isinstance(ours, LitertHost)
    assert (ours.threads, ours.xnnpack) == (1, True)
    assert ours.warm_up >= 1


def test_plan_holds_threads_and_delegate() -> None:
    """Another number of threads, and a run without XNNPACK, is another plan."""
    planned = device(LITERT).planned()

    assert (planned["threads"], planned["xnnpack"]) == (2, False)


@pytest.mark.parametrize(
    ("text", "old", "new", "words"),
    [
        (LOCAL, "onnxruntime", "onnx", "runtime: 'onnx' is not one of the choices; 'onnxruntime'"),
        (LOCAL, "onnxruntime", "tvm", "runtime 'tvm' needs a 'target' to compile for"),
        (COMPILED, "tvm", "onnxruntime", "'target' and 'tuning' go with runtime 'tvm' alone"),
        (LOCAL, "runtime", "tuning: t.json\nruntime", "'target' and 'tuning' go with runtime"),
        (LOCAL, "500", "0", "deadline_ms: 0 is too small; a number, more than 0"),
        (LOCAL, "100}", "0}", "link.bandwidth_mbit: 0 is too small; a number, more than 0"),
        (LOCAL, "0.5,", "-0.5,", "link.latency_ms: -0.5 is too small; a number, at least 0"),
        (LOCAL, "link:", "links:", "links: unknown key 'links'; did you mean 'link'?"),
        (LOCAL, "link:", "links:", "link: is missing; a mapping with the keys latency_ms"),
        (LOCAL, "runtime", "servers: local\nruntime", "servers: unknown key 'servers'; device"),
        (LITERT, "threads: 2", "", "threads: is missing; a whole number, at least 1, at most 256"),
        (LITERT, "2", "0", "threads: 0 is too small; a whole number, at least 1, at most 256"),
        (LITERT, "2", "257", "threads: 257 is too large; a whole number, at least 1"),
        (LITERT, "xnnpack: false", "", "xnnpack: is missing; true or false"),
        (LITERT, "false", "gpu", "xnnpack: 'gpu' is not true or false; true or false"),
        (LITERT, "xnnpack", "delegate", "delegate: unknown key 'delegate'; device, says, warm_up"),
        (LOCAL, "local_process", "phone", "kind: 'phone' is not one of the choices; 'host' or"),
        (LOCAL, "kind: local_process", "", "kind: is missing; 'host' or 'litert' or"),
        (RACK, "192.168.1.21", "192.168.1.256", "'192.168.1.256' is no IPv4 address"),
        (RACK, "192.168.1.21", "-pi.local", "servers.0.address: '-pi.local' does not have"),
        (RACK, "192.168.1.21", "pi..local", "'pi..local' is no IPv4 address"),
        (RACK, "fe80::1", "fe80:::1", "'fe80:::1' is no IPv4 address"),
        (RACK, "pi-2.local", "pi;reboot", "'pi;reboot' does not have the right form; an IPv4"),
        (RACK, "pi-2.local", "$(id)", "servers.1.address: '$(id)' does not have the right form"),
        (RACK, "9091", "65536", "servers.2.port: 65536 is too large; a whole number, at least 1"),
        (RACK, "pi-2.local", "192.168.1.21", "'servers' lists one address and port twice"),
        (RACK, "cortex-a53", "-lfoo", "target.mcpu: '-lfoo' does not have the right form"),
        (RACK, "+neon", "neon", "target.mattr.0: 'neon' does not have the right form"),
        (RACK, "kind: llvm", "kind: cuda", "target.kind: 'cuda' is not one of the choices"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(text: str, old: str, new: str, words: str) -> None:
    """A value that a kind does not allow is named, with what it does allow, and no other kind."""
    told = said(text.replace(old, new, 1))

    assert words in told
    assert said(text) == ""


def test_keys_of_another_kind_are_not_suggested() -> None:
    """The list of allowed keys is that of the kind which the spec names."""
    told = said(f"{SHARED}kind: host\nruntim: tvm")

    assert told.startswith("runtim: unknown key 'runtim'; device, says, ")
    assert "runtime" not in told


def test_links_that_are_made_differ() -> None:
    """Two links of one bandwidth could not be told apart in a record."""
    twice = "shaped: [{latency_ms: 0, bandwidth_mbit: 10}, {latency_ms: 1, bandwidth_mbit: 10}]"

    assert "needs a bandwidth of its own" in said(LOCAL + twice)


def test_no_server_is_no_rack() -> None:
    """An empty list of servers is refused, in favour of `local`."""
    empty = f"{NODES}kind: tvm_rpc\ntarget: {{kind: llvm}}\nservers: []"

    with pytest.raises(ValidationError, match="list an address a node, or write local"):
        device(empty)


def test_target_is_spelt_as_tvm_spells_it() -> None:
    """TVM writes the number of cores with a hyphen, and gets nothing that was not given."""
    rack = device(RACK)

    assert rack.target.as_tvm() == {
        "kind": "llvm",
        "mtriple": "aarch64-linux-gnu",
        "mcpu": "cortex-a53",
        "mattr": ["+neon"],
        "num-cores": 4,
    }
    assert Target(kind="llvm").as_tvm() == {"kind": "llvm"}


def test_servers_of_a_number_of_nodes() -> None:
    """The first servers are taken, too few are refused by name, and local ones are not listed."""
    rack = device(RACK)

    assert [one.port for one in rack.of_nodes(2)] == [9090, 9090]
    assert (
        device(f"{NODES}kind: tvm_rpc\ntarget: {{kind: llvm}}\nservers: local").of_nodes(9) is None
    )
    with pytest.raises(HarnessError, match="device 'some' lists 3 servers, and 4 nodes"):
        rack.of_nodes(4)


def test_plan_holds_what_was_given_and_no_default() -> None:
    """A new key with a default makes no stage stale that does not use it."""
    assert "pinned" not in device(LOCAL).planned()
    assert device(LOCAL + "pinned: false").planned()["pinned"] is False
    assert device(LOCAL).link == Link(latency_ms=0.5, bandwidth_mbit=100)


def test_editors_know_the_kinds() -> None:
    """The JSON Schema tells the kinds apart by their name."""
    kinds = set(schema("device")["discriminator"]["mapping"])

    assert kinds == {"host", "litert", "local_process", "tvm_rpc"}
