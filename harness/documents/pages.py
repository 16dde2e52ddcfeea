"""The documents with generated parts, by their path in the project."""

from __future__ import annotations

from harness.compiler.target import Target
from harness.costs import load_costs
from harness.documents import costs, language
from harness.documents.marked import replaced
from harness.project import Project
from harness.registry import registry
from harness.status import planned_stages

README = "README.md"
LANGUAGE = "docs/spec-language.md"


def pages(project: Project) -> dict[str, str]:
    """Return the text that each document should have.

    Raises
    ------
    HarnessError
        Nothing is compiled, or the README has lost its marks.
    """
    plans = planned_stages(Target(project))
    recorded = load_costs(project.root, plans[0].profile)
    readme = (project.root / README).read_text(encoding="utf-8")
    return {
        README: replaced(readme, "costs", costs.table(plans, recorded)),
        LANGUAGE: language.page(registry(project.root)),
    }
