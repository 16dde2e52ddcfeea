"""What is wrong with a text that is not YAML, for an author."""

from __future__ import annotations

import yaml

# libyaml says what it expected of the text; an author wants to know what to look at.
_EXPLANATIONS = {
    "mapping values are not allowed": "a second ':' on this line; quote text that holds ': '",
    "cannot start any token": "no value begins with this character; quote text, indent by spaces",
    "unexpected end of stream": "the quoted text that begins before here is never closed",
    "could not find expected ':'": "a key without ': ' and a value",
    "expected key": "a key is expected here; look at this line's indentation and the quotes above",
    "expected '-' indicator": "a list item ('- …') is expected here; look at the indentation",
    "expected ',' or ']'": "the list is not closed with ']'",
    "expected ',' or '}'": "the mapping is not closed with '}'",
    "expected node content": "a value is expected here",
    "unknown escape character": "an unknown escape after '\\' in double quotes; use single quotes",
    "undefined tag handle": "tags (!name) are not allowed; quote text that begins with '!'",
}


def explain(error: yaml.MarkedYAMLError) -> str:
    """Return what an author should look at."""
    said = str(error.problem or error.context or "the text cannot be read")
    words = (words for sign, words in _EXPLANATIONS.items() if sign in said)
    return f"not YAML: {next(words, said)}"
