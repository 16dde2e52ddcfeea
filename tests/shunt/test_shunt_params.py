"""Parameters of the steps that build systems, and the registry that names them."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from harness.spec.schema import step_page, step_schema
from reproductions.shunt.params.comparison import ComparisonParams
from reproductions.shunt.params.distillation import Distillation, label_of
from reproductions.shunt.params.examples import ExamplesParams
from reproductions.shunt.params.exports import ExportsParams
from reproductions.shunt.params.knowledge import KnowledgeParams
from reproductions.shunt.params.network import MobileNetV2
from reproductions.shunt.params.original import OriginalParams
from reproductions.shunt.params.systems import FinalsParams, ShuntsParams
from reproductions.shunt.steps import STEPS

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "tensorflow", "keras", "ai_edge_litert", "matplotlib")
V2 = {"family": "mobilenetv2"}
ONE = {"name": "one", "windows": [{"window": "7-12"}]}
TWO = {"name": "two", "windows": [{"window": "7-12"}, {"window": "14-15"}]}
BUILT = {"network": V2, "systems": [ONE, TWO], "chosen": ["keep-80"]}
DARK = {"kind": "dark_knowledge"}
FINALS = {"finals": [{"system": "one"}]}
NEEDED = {
    ShuntsParams: {},
    FinalsParams: FINALS,
    ExportsParams: FINALS,
    ExamplesParams: {"final": {"system": "one"}},
}
"""What each kind of parameters needs beside systems."""

KINDS = pytest.mark.parametrize("kind", NEEDED)


def made(kind, **fields):
    """Validate parameters as a stage does, from JSON."""
    return kind.model_validate_json(json.dumps({**BUILT, **NEEDED[kind], **fields}))


@KINDS
def test_systems_are_named_in_order(kind):
    """Those picked by hand stand before the chosen ones; either is enough."""
    assert made(kind).names == ("one", "two", "keep-80")
    assert made(kind, chosen=[]).names == ("one", "two")
    assert made(ShuntsParams, systems=[]).names == ("keep-80",)


@KINDS
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"systems": [ONE, ONE]}, "two systems are named 'one'"),
        ({"systems": [ONE, {**TWO, "name": "keep-80"}]}, "two systems are named 'keep-80'"),
        ({"chosen": ["a", "a"]}, "two systems are named 'a'"),
        ({"systems": [], "chosen": []}, "give 'systems', or the names of 'chosen' ones"),
        ({"systems": [{**ONE, "windows": []}]}, "at least 1"),
        ({"systems": [{**ONE, "windows": [*TWO["windows"][::-1]]}]}, "begins before 14-15 has"),
        ({"chosen": ["Keep 80"]}, "should match pattern"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_systems_that_cannot_be_told_apart_are_refused(kind, fields, said):
    """Whichever step builds them, each has a name of its own, and there is one at least."""
    with pytest.raises(ValidationError, match=said):
        made(kind, **fields)


@pytest.mark.parametrize("kind", [FinalsParams, ExportsParams])
@pytest.mark.parametrize(
    ("finals", "said"),
    [
        (
            [{"system": "three"}],
            "'three plain' trains no system of this stage; there are one, two, keep-80",
        ),
        ([{"system": "one"}, {"system": "one"}], "two final trainings are named 'one plain'"),
        (
            [{"system": "one", "distillation": DARK},
             {"system": "one", "distillation": {**DARK, "temperature": 3.0}}],
            "two final trainings are named 'one dark_knowledge'",
        ),
    ],
)  # fmt: skip
def test_finals_of_unknown_systems_or_of_one_name_are_refused(kind, finals, said):
    """Training and export alike: each final is of a system of the stage, and has its own name."""
    with pytest.raises(ValidationError, match=said):
        made(kind, finals=finals)


def test_an_example_of_an_unknown_system_is_refused():
    """The network of the examples is of a system of the stage as well."""
    with pytest.raises(ValidationError, match="'keep-70 plain' trains no system of this stage"):
        made(ExamplesParams, final={"system": "keep-70"})
    with pytest.raises(ValidationError, match="less than or equal to 8"):
        made(ExamplesParams, images=9)


def test_finals_that_differ_in_their_distillation_are_apart():
    """One system learns in every way, with the textbook's and the released form of one kind."""
    kinds = ("plain", "dark_knowledge", "attention", "features", "ace")
    finals = [{"system": "one", "distillation": {"kind": kind}} for kind in kinds]
    finals.append({"system": "one", "distillation": {**DARK, "compat": True}})
    params = made(FinalsParams, finals=[*finals, {"system": "keep-80"}])

    assert [final.name for final in params.finals] == [
        "one plain", "one dark_knowledge", "one attention", "one features", "one ace",
        "one dark_knowledge-released", "keep-80 plain",
    ]  # fmt: skip


def test_a_final_training_is_needed_where_one_is_made():
    """The original alone can be exported; a training trains something."""
    assert made(ExportsParams, finals=[]).finals == ()
    with pytest.raises(ValidationError, match="at least 1"):
        made(FinalsParams, finals=[])


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"kind": "plain"}, "plain"),
        (DARK, "dark_knowledge"),
        ({**DARK, "compat": True}, "dark_knowledge-released"),
        ({"kind": "ace"}, "ace"),
    ],
)
def test_labels_of_distillations(given, label):
    """A label is the kind, and tells the released form apart."""
    assert label_of(TypeAdapter(Distillation).validate_python(given)) == label


def test_published_values_are_the_defaults():
    """700 epochs from 0.05 for the original, 120 of Adam from 0.1 for shunts; batches of 24."""
    original, shunts = OriginalParams(network=V2), made(ShuntsParams)

    assert (original.epochs, original.learning_rate, original.batch_size) == (700, 0.05, 24)
    assert (original.schedule.kind, original.momentum) == ("poly", 0.9)
    assert (shunts.epochs, shunts.learning_rate, shunts.batch_size) == (120, 0.1, 24)
    assert (shunts.schedule.kind, shunts.order) == ("plateau", "jointly")


@pytest.mark.parametrize("momentum", [-0.1, 1.0, "much"])
def test_momentum_of_normalisation_is_a_share(momentum):
    """The moving averages keep less than all of what they were; as published, 0.999."""
    assert MobileNetV2(family="mobilenetv2").momentum == 0.999
    assert MobileNetV2(family="mobilenetv2", momentum=0.0).momentum == 0
    with pytest.raises(ValidationError, match="momentum"):
        MobileNetV2(family="mobilenetv2", momentum=momentum)


def test_windows_of_quotients_are_written_as_text():
    """A spec names the windows of several blocks as it does everywhere."""
    params = KnowledgeParams.model_validate({"network": V2, "windows": ("7-12", "14")})

    assert [str(window) for window in params.windows] == ["7-12", "14-14"]
    assert (params.compat, params.batch_size) == (False, 64)


def test_a_comparison_is_told_nothing():
    """Every system of the search is held against its training, whatever a spec would add."""
    with pytest.raises(ValidationError, match="systems"):
        ComparisonParams.model_validate({"systems": ("one",)})


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_step_can_be_described(name):
    """An author can ask for a step's parameters, inputs and outputs, and editors for its schema."""
    step = STEPS[name]
    page = step_page(f"shunt.{name}", step)

    Draft202012Validator.check_schema(step_schema(step))
    for word in (*step.params.model_fields, *step.inputs, *step.outputs):
        assert f"    {word} " in page
    assert set(step.optional) <= set(step.inputs)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_step_names_a_function_that_exists(name):
    """The function that the registry names is defined in its module, with a step's parameters."""
    module, _, function = STEPS[name].run.partition(":")
    tree = ast.parse(ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text())
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}

    assert [one.arg for one in found[function].args.args] == ["inputs", "params", "outputs", "run"]


def test_registry_imports_nothing_heavy():
    """Reading the registry loads the parameters and no package that takes long to import."""
    program = (
        "import sys, reproductions.shunt.steps; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )

    assert done.stdout.strip() == "[]"
