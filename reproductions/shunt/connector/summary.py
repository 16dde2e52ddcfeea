"""What a connector has found out, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reproductions.shunt.connector.counts import speed_up
from reproductions.shunt.knowledge import Knowledge, Quotient


@dataclass
class Findings:
    """What the steps have measured so far.

    Parameters
    ----------
    flops
        Multiply-adds by model (``original``, ``shunt``, ``final``) and kind of layer.
    parameters
        By model.
    accuracy
        Of ``original``, ``shunt_inserted`` and ``final`` on the test images, the last metric; of
        ``shunt`` the mean squared error.
    latency
        In milliseconds, by model: ``min``, ``median`` and the quartiles.
    knowledge
        The knowledge quotients.
    windows, warnings
        What the shunts replace, and what was said of it.
    """

    flops: dict[str, dict[str, int]] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)
    accuracy: dict[str, float] = field(default_factory=dict)
    latency: dict[str, dict[str, float]] = field(default_factory=dict)
    knowledge: Knowledge | None = None
    windows: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def content(self) -> dict[str, Any]:
        """Return everything as plain data."""
        found = self.knowledge.quotients if self.knowledge else ()
        return {
            "windows": self.windows,
            "warnings": self.warnings,
            "multiply_adds": self.flops,
            "parameters": self.parameters,
            "accuracy": self.accuracy,
            "latency_ms": self.latency,
            "knowledge_quotients": [_quotient(one) for one in found],
            "speed_up_percent": dict(_gains(self)),
        }

    def lines(self) -> Iterator[str]:
        """Yield the summary, line by line."""
        yield "Summary"
        for name, counted in self.flops.items():
            parameters = self.parameters[name]
            yield f"  {name}: {counted['total']:,} multiply-adds, {parameters:,} parameters"
        for name, value in self.accuracy.items():
            yield f"  {name}: {_said(name, value)}"
        for name, taken in self.latency.items():
            yield f"  {name}: {taken['median']:.3f} ms (median), {taken['min']:.3f} ms (min)"
        for name, percent in _gains(self):
            yield f"  Speed up, {name.replace('_', ' ')}: {percent:.2f} %"


def _said(name: str, value: float) -> str:
    return f"mean squared error {value:.6g}" if name == "shunt" else f"test {value:.4f}"


def _gains(findings: Findings) -> Iterator[tuple[str, float]]:
    """Yield by how many percent the final model is better than the original one."""
    for name, values, key in (
        ("multiply_adds", findings.flops, "total"),
        ("min_latency", findings.latency, "min"),
        ("median_latency", findings.latency, "median"),
    ):
        pair: Sequence[Mapping[str, float] | None]
        pair = (values.get("original"), values.get("final"))
        if pair[0] is not None and pair[1] is not None:
            yield name, speed_up(pair[0][key], pair[1][key])


def quotient_lines(found: Knowledge, layers: Sequence[str]) -> Iterator[str]:
    """Yield what is to be said of knowledge quotients; `layers` are named as the release counts."""
    for one in found.quotients:
        first, last = layers.index(one.start), layers.index(one.end)
        yield (
            f"Block {one.window.first}: {one.start} (layer {first}) to {one.end} (layer {last}), "
            f"knowledge quotient {one.quotient:.6f}"
        )
    for said in found.skipped:
        yield f"No knowledge quotient: {said}"


def _quotient(one: Quotient) -> dict[str, Any]:
    return {
        "block": one.window.first,
        "start": one.start,
        "end": one.end,
        "score": one.score,
        "quotient": one.quotient,
    }
