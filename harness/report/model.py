"""What a report says: the content of `verdicts.json`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.spec.base import Digest, Identifier, Name, Spec
from harness.spec.profile import ProfileCard
from harness.verdict import Number, Verdict, Word

FILE = "verdicts.json"


class Source(Spec):
    """Where a claim is stated, with a link that leads there."""

    publication: Name
    title: str
    venue: str
    year: int
    where: str
    certainty: str
    link: str


class Evidence(Spec):
    """What a verdict rests on, and how to get it again."""

    table: Name | None
    stages: tuple[Name, ...]
    seeds: tuple[int, ...]
    sha256: Digest | None
    command: str
    duration_s: Number | None


class ClaimReport(Spec):
    """A claim and its verdict; `differs` is the spec's reason why it is known to be different."""

    says: str
    statement: str | None
    bound: str
    unit: str | None
    source: Source
    outcome: Verdict
    evidence: Evidence
    differs: str | None = None

    @property
    def surprises(self) -> bool:
        """Whether it is different and the spec does not say why, or says why and it agrees."""
        if self.outcome.verdict == "not verified":
            return False
        return (self.outcome.verdict == "different") != (self.differs is not None)


class ContextReport(Spec):
    """What a neighbouring work states: no claim of this paper, and without a verdict."""

    name: Name
    says: str
    value: Number | None
    unit: str | None
    statement: str | None
    bound: str
    source: Source
    differs: str


class Product(Spec):
    """A table or figure: the hash of what was regenerated, or why it was not."""

    name: Name
    caption: str
    stages: tuple[Name, ...]
    seeds: tuple[int, ...]
    sha256: Digest | None
    reason: str


class Share(Spec):
    """How many of a paper's tables or figures were regenerated."""

    reproduced: int
    total: int


class Coverage(Spec):
    """The share of a paper's claims with each verdict, and of its tables and figures."""

    claims: dict[Word, int]
    total: int
    tables: Share
    figures: Share

    @property
    def agreeing(self) -> int:
        """The number of claims that are exact or within tolerance."""
        return self.claims["exact"] + self.claims["within tolerance"]

    def metrics(self) -> dict[str, int]:
        """Return the counts under names without blanks."""
        return {
            "claims": self.total,
            **{word.replace(" ", "_"): count for word, count in self.claims.items()},
            "tables": self.tables.total,
            "tables_reproduced": self.tables.reproduced,
            "figures": self.figures.total,
            "figures_reproduced": self.figures.reproduced,
        }


class PaperReport(Spec):
    """Everything that is said of one paper."""

    paper: Identifier
    title: str
    seeds: tuple[int, ...]
    coverage: Coverage
    claims: tuple[ClaimReport, ...]
    tables: tuple[Product, ...]
    figures: tuple[Product, ...]
    context: tuple[ContextReport, ...] = ()


class Report(Spec):
    """The verdicts of all papers in one profile."""

    version: Literal[1]
    profile: ProfileCard
    papers: tuple[PaperReport, ...]

    def claims(self) -> Iterator[ClaimReport]:
        """The claims of all papers."""
        for paper in self.papers:
            yield from paper.claims

    @property
    def status(self) -> int:
        """0 when no claim is different but those of which the spec says why, else 1.

        It is the exit status of the commands. A claim that agrees although the spec says why it
        differs gives 1 as well: then the spec is wrong.
        """
        return int(any(claim.surprises for claim in self.claims()))

    def metrics(self) -> dict[str, dict[str, int]]:
        """Return the coverage of each paper as numbers, for `dvc metrics show`."""
        return {paper.paper: paper.coverage.metrics() for paper in self.papers}

    def as_json(self) -> Any:
        """Return the report as a JSON value."""
        return self.model_dump(mode="json")


def read(path: Path) -> Report:
    """Return the report in `path`; HarnessError when there is none or it is none."""
    if not path.is_file():
        raise HarnessError(f"{path}: there are no verdicts yet", "run `harness repro` first")
    return parse(path.read_bytes(), path)


def parse(content: bytes, path: Path) -> Report:
    """Return the report in `content`, which is that of `path`; HarnessError when it is none."""
    try:
        jsonfile.loads(content, path.name)  # pydantic takes the last of two equal keys
        return Report.model_validate_json(content)
    except (ValueError, HarnessError) as error:
        first = str(error).splitlines()[0]
        raise HarnessError(
            f"{path}: not a file of verdicts: {first}", "run `harness repro` to write it again"
        ) from error
