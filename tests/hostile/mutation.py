"""Mutations of good files, drawn by Hypothesis: the same ones in every run."""

import json
import os
from copy import deepcopy

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

bounded = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""As many examples as FUZZ_EXAMPLES says, and the same ones each time."""

TOKENS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b'"', b"'", b",", b":", b"- ",
    b"{", b"}", b"[", b"]", b"<<<<<<< ", b"NaN", b"1e999", b"-1", b"9" * 5000, b"../",
    b"/etc/passwd", b"\\u0000", b"\\ud800", b"null", b"true", b"!!python/object ", b"&a ", b"*a",
    b"${x}", b"[" * 2000, b'{"a":' * 2000, b"\x80\x04\x95", b"PK\x03\x04", b"\x1f\x8b\x08",
    b"\xff" * 8, b"\x7f\xff\xff\xff\xff\xff\xff\xff",
)  # fmt: skip

VALUES = (
    None, True, -1, 0, 2**63, 10**400, 0.5, -0.0, "", "..", "../../etc/passwd", "/etc/passwd",
    "~", "-x", "a\nb", "\0", "\u202e", "\x1b[31m", "x" * 5000, [], {}, [[]], [None], {"": None},
    {"a": {"a": 1}}, "os:system", "$(touch canary)", "nan", "0" * 64, "0" * 32,
)  # fmt: skip


@st.composite
def mutated(draw, samples):
    """Draw one of `samples`, its bytes changed in up to four places."""
    content = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        end = draw(st.integers(place, min(place + 64, len(content))))
        how = draw(st.sampled_from(("cut", "drop", "double", "flip", "insert", "replace")))
        if how == "cut":
            del content[place:]
        elif how == "drop":
            del content[place:end]
        elif how == "double":
            content[place:place] = content[place:end]
        elif how == "flip" and place < len(content):
            content[place] ^= 1 << draw(st.integers(0, 7))
        else:
            content[place : end if how == "replace" else place] = draw(st.sampled_from(TOKENS))
    return bytes(content)


@st.composite
def mutated_json(draw, samples):
    """Draw one of `samples`, JSON texts, with up to three of its values or keys replaced."""
    value = json.loads(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            break
        node, key = draw(st.sampled_from(places))
        how = draw(st.sampled_from(("replace", "remove", "rename", "add")))
        if how == "replace":
            node[key] = draw(st.sampled_from(VALUES).map(deepcopy))
        elif how == "remove":
            del node[key]
        elif isinstance(node, dict):
            name = draw(st.sampled_from([v for v in VALUES if isinstance(v, str)]))
            node[name] = (
                node.pop(key) if how == "rename" else draw(st.sampled_from(VALUES).map(deepcopy))
            )
        else:
            node.append(draw(st.sampled_from(VALUES).map(deepcopy)))
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _places(value):
    """Yield every container with each of its keys, without recursion."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        keys = (
            range(len(node)) if isinstance(node, list) else node if isinstance(node, dict) else ()
        )
        for key in keys:
            yield node, key
            waiting.append(node[key])
