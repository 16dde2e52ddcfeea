"""What the sections of the trainings become: the parameters that the stages have."""

import pytest

from reproductions.shunt.connector import sections
from reproductions.shunt.connector.config import read_config
from reproductions.shunt.connector.trainings import (
    distillation_of,
    shunt_training_of,
    training_of,
)
from reproductions.shunt.params.distillation import (
    Ace,
    Attention,
    DarkKnowledge,
    Features,
    Plain,
)
from reproductions.shunt.params.training import (
    Plateau,
    Poly,
    Shift,
    ShuntTraining,
    Training,
    TwoCycles,
)


def test_the_defaults_are_those_of_the_stages():
    """A section without keys trains as a stage without parameters does."""
    assert training_of(sections.TrainingOriginalModel(), None, compat=False) == Training()
    assert shunt_training_of(sections.TrainingShuntModel(), None, compat=False) == ShuntTraining()


@pytest.mark.parametrize(
    ("policy", "schedule"),
    [
        ("poly", Poly(kind="poly", power=0.3)),
        ("plateau", Plateau(kind="plateau", factor=0.3, patience=7, minimum=1e-8)),
        ("two_cycles", TwoCycles(kind="two_cycles", first=7, second_rate=0.3)),
    ],
)
def test_each_policy_has_its_parameters(policy, schedule):
    """The two numbers of a policy mean what the release has them mean, and all others arrive."""
    section = sections.TrainingFinalModel(
        learning_policy=policy,
        epochs_param=7,
        learning_rate_param=0.3,
        batchsize=9,
        max_epochs=11,
        base_learning_rate=0.7,
        freezing="freeze_before_shunt",
    )
    augment = Shift(kind="shift")

    assert training_of(section, augment, compat=False) == Training(
        epochs=11,
        batch_size=9,
        learning_rate=0.7,
        schedule=schedule,
        augment=augment,
        freeze="before_shunt",
    )


def test_the_policy_of_the_shunts_is_honoured():
    """All of the shunts' section arrives, of which the release reads three keys."""
    section = sections.TrainingShuntModel(
        learning_policy="poly", learning_rate_param=0.5, max_epochs=3, batchsize=8
    )

    assert shunt_training_of(section, None, compat=True) == ShuntTraining(
        epochs=3, batch_size=8, schedule=Poly(kind="poly", power=0.5, compat=True)
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("nothing", "nothing"),
        ("freeze_before_shunt", "before_shunt"),
        ("unfreeze_shunt", "all_but_shunt"),
        ("unfreeze_after_shunt", "through_shunt"),
        ("unfreeze_per_epoch_starting_top", "release_from_top"),
        ("unfreeze_per_epoch_starting_shunt", "release_from_shunt"),
    ],
)
def test_every_freezing(written, meant):
    """Each published policy of freezing is one of the stages'."""
    section = sections.TrainingFinalModel(freezing=written)

    assert training_of(section, None, compat=False).freeze == meant


@pytest.mark.parametrize(
    ("section", "meant"),
    [
        ("", Plain(kind="plain")),
        ("[DISTILLATION]", Plain(kind="plain")),
        ("[DISTILLATION]\nkind=dark_knowledge", DarkKnowledge(kind="dark_knowledge")),
        ("[DISTILLATION]\nkind=dark_knowledge\ntemperature=3\nstrength=10\n[GENERAL]\ncompat=yes",
         DarkKnowledge(kind="dark_knowledge", temperature=3.0, strength=10.0, compat=True)),
        ("[DISTILLATION]\nkind=attention\nlayers=3", Attention(kind="attention", layers=3)),
        ("[DISTILLATION]\nkind=features\nstrength=0.5", Features(kind="features", strength=0.5)),
        ("[DISTILLATION]\nkind=ace\nkappa=0.5", Ace(kind="ace", kappa=0.5)),
    ],
)  # fmt: skip
def test_every_distillation(section, meant):
    """Each kind has its own numbers, and by default those of the stages."""
    assert distillation_of(read_config(section + "\n")) == meant
