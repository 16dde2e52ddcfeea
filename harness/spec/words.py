"""What may stand at a place of a spec, in words, told from the JSON Schema of its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.spec.problem import Path, counted, one_of, shown

Schema = Mapping[str, Any]

# A pattern says nothing to an author. Every pattern of the models has its words here (a test
# looks for the ones that have none).
PATTERNS = {
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "lower-case words joined by hyphens, such as node-memory",
    r"^[a-z][a-z0-9_]*$": "lower-case letters, digits and '_', such as memory_ratio",
    r"^[A-Za-z0-9:][A-Za-z0-9:.-]{0,252}$": (
        "an IPv4 or IPv6 address or a host name, such as 192.168.1.21"
    ),
    r"^[A-Za-z0-9][A-Za-z0-9_.-]*$": "a word of LLVM's, such as cortex-a53",
    r"^[+-][A-Za-z0-9][A-Za-z0-9._-]*$": "a feature with '+' or '-' before it, such as +neon",
    r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$": "<package>.<step>, such as nonn.train_teacher",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z][a-z0-9_]*$": (
        "<stage>.<output>, such as teacher.weights"
    ),
    r"^[0-9a-f]{64}$": "a SHA-256: 64 lower-case hexadecimal digits",
    r"^[0-9a-f]{32}$": "an MD5: 32 lower-case hexadecimal digits",
    r"^10\.\d{4,9}/\S+$": "a DOI, such as 10.1109/CVPRW50498.2020.00207",
    r"^\d{4}\.\d{4,5}(v\d+)?$": 'an arXiv identifier in quotes, such as "1907.11804"',
    r"^https://\S+$": "an address that begins with https://",
    r"^https?://\S+$": "an address that begins with http:// or https://",
    r"^https?://[^\s/]+/\S*$": "an address of a file that begins with http:// or https://",
    r"^\d{4}$": 'four digits in quotes, such as "0001"',
    r"^3\.\d+$": 'a version of Python in quotes, such as "3.11"',
    r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$": "the name of a Python module",
    r"^[A-Z][A-Z0-9_]*$": "the name of an environment variable, such as OMP_NUM_THREADS",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "the name of a file, without a folder",
    r"^[A-Za-z0-9._-]*\.(png|jpg)$": "the end of a file's name, .png or .jpg included",
    r"^[a-z][a-z0-9_]*/[a-z][a-z0-9-]*$": "<paper>/<stage>, such as nonn/teacher",
    r"^[a-z0-9][a-z0-9_.-]*$": "lower-case letters, digits, '_', '.' and '-'",
    r"^[a-z][a-z0-9.-]*$": "lower-case letters, digits, '.' and '-'",
    r"^[a-z0-9][a-z0-9.-]*$": "lower-case letters, digits, '.' and '-', a letter or digit first",
    r"^[a-z0-9]+([+.-][a-z0-9]+)*$": "the name of a package, in lower case",
    r"^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$": 'blocks in quotes, such as "7-12", or "7" for one',
}

_BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
)


def allowed(schema: Schema, path: Path, tree: Any = None) -> str:
    """Return what may stand at `path` of a value with this JSON Schema; empty when unknown.

    Where the value `tree` says by its kind which of several mappings it is, here and below, only
    that one counts.
    """
    nodes = _nodes(schema, path, tree)
    return " or ".join(dict.fromkeys(words for node in nodes for words in _words(schema, node)))


def keys(schema: Schema, path: Path, tree: Any = None) -> list[str]:
    """Return the keys that a mapping at `path` can have, in the order of the model."""
    found = (name for node in _nodes(schema, path, tree) for name in node.get("properties", {}))
    return list(dict.fromkeys(found))


def choices(schema: Schema, path: Path, tree: Any = None) -> list[str]:
    """Return the texts that a value at `path` is chosen from; none when it is not a choice."""
    return [
        choice
        for node in _nodes(schema, path, tree)
        for choice in (*node.get("enum", ()), *([node["const"]] if "const" in node else ()))
        if isinstance(choice, str)
    ]


def key_words(schema: Schema, path: Path) -> str:
    """Return what the keys of the mapping at `path` can be."""
    for node in _nodes(schema, path):
        names = node.get("propertyNames", {})
        if "enum" in names:
            return one_of(names["enum"])
        pattern = names.get("pattern") or next(iter(node.get("patternProperties", {})), None)
        if pattern:
            return PATTERNS.get(pattern, f"text of the form {pattern}")
    return ""


def _nodes(schema: Schema, path: Path, tree: Any = None) -> list[Schema]:
    nodes = list(_branches(schema, schema, tree))
    for part in path:
        tree = _below(tree, part)
        nodes = [
            branch
            for node in nodes
            for child in _children(node, part)
            for branch in _branches(schema, child, tree)
        ]
    return nodes


def _branches(schema: Schema, node: Schema, value: Any = None) -> Iterator[Schema]:
    """Yield the alternatives of a node, or the one that `value` names; references are followed."""
    if "$ref" in node:
        yield from _branches(schema, schema["$defs"][node["$ref"].rpartition("/")[2]], value)
    elif "anyOf" in node or "oneOf" in node:
        for branch in _named(node, value) or node.get("anyOf") or node["oneOf"]:
            yield from _branches(schema, branch, value)
    else:
        yield node


def _named(node: Schema, value: Any) -> list[Schema]:
    """Return the one alternative that `value` names by its kind; none when it names none."""
    by = node.get("discriminator", {})
    name = _below(value, by.get("propertyName", ""))
    known = by.get("mapping", {})
    return [{"$ref": known[name]}] if isinstance(name, str) and name in known else []


def _below(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    inside = isinstance(value, list) and isinstance(part, int) and part < len(value)
    return value[part] if inside else None


def _children(node: Schema, part: str | int) -> Iterator[Schema]:
    if isinstance(part, int):
        if isinstance(node.get("items"), dict):
            yield node["items"]
        return
    if part in node.get("properties", {}):
        yield node["properties"][part]
        return
    yield from node.get("patternProperties", {}).values()
    if isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def _words(schema: Schema, node: Schema) -> Iterator[str]:
    kind = node.get("type")
    if "const" in node:
        yield shown(node["const"])
    elif "enum" in node:
        yield ", ".join(shown(choice) for choice in node["enum"])
    elif kind in ("integer", "number"):
        yield ", ".join(["a whole number" if kind == "integer" else "a number", *_range(node)])
    elif kind == "string":
        yield _text(node)
    elif kind == "boolean":
        yield "true or false"
    elif kind == "array":
        yield _list(schema, node)
    elif kind == "object":
        yield _mapping(node)


def _range(node: Schema) -> Iterator[str]:
    for name, words in _BOUNDS:
        if name in node:
            yield words.format(f"{node[name]:g}")


def _text(node: Schema) -> str:
    if "pattern" in node:
        return PATTERNS.get(node["pattern"], f"text of the form {node['pattern']}")
    size = _size(node, "Length", "character")
    return f"text of {size}" if size else "text"


def _list(schema: Schema, node: Schema) -> str:
    size = _size(node, "Items", "item")
    kind = f"a list of {size}" if size else "a list"
    item = node.get("items", {})
    words = " or ".join(w for branch in _branches(schema, item) for w in _words(schema, branch))
    return f"{kind}, each {words}" if words else kind


def _mapping(node: Schema) -> str:
    names = list(node.get("properties", ()))
    if names:
        return f"a mapping with the keys {', '.join(names)}"
    size = _size(node, "Properties", "entry")
    return f"a mapping of {size}" if size else "a mapping"


def _size(node: Schema, what: str, noun: str) -> str:
    least, most = node.get(f"min{what}"), node.get(f"max{what}")
    if least and most:
        return f"{least} to {counted(most, noun)}"
    if least:
        return f"at least {counted(least, noun)}"
    return f"at most {counted(most, noun)}" if most else ""
