"""What the training steps are told, and what is refused before anything runs."""

import pytest
from pydantic import ValidationError

from reproductions.ensemble_kd.params.ensemble import Along, EnsembleParams
from reproductions.ensemble_kd.params.variants import VariantsParams

BASE = {"network": {"classes": 10}, "widths": (32, 4, 1)}
SINGLE = {"mode": "frozen", "network": {"kind": "resnet18_v1"}}
WIDE = {"mode": "frozen", "ensemble": {"widths": (32,)}}
PAIR = {"mode": "frozen", "ensemble": {"widths": (32, 4)}}
SIMPLE = {"mode": "simple"}
ALONG = {"mode": "along", "network": {"kind": "resnet18_v1"}, "training": {}}


def test_the_narrowest_member_is_the_target():
    """Without a target the narrowest member chooses the best epoch."""
    assert EnsembleParams.model_validate(BASE).target == 1
    assert EnsembleParams.model_validate(BASE | {"target_bits": 4}).target == 4


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"epochs": 2, "warmup_epochs": 2}, "a warm-up of 2 epochs leaves none of 2"),
        ({"network": {"shortcut_groups": 48}}, "has no 48 groups: shortcut_groups must divide"),
        ({"network": {"image_size": 28}}, "set shortcut_pool: false"),
        ({"target_bits": 2}, "target_bits is 2; the ensemble has members of 32, 4, 1 bits"),
        ({"widths": (9,)}, "it cannot have 9"),
        ({"widths": (4, 4)}, "two members have 4 bits"),
        ({"member_weights": (1.0,)}, "1 member_weights for 3 widths"),
        ({"member_weights": (1.0, -1.0, 1.0)}, "greater than or equal to 0"),
        ({"member_weights": (0.0, 0.0, 0.0)}, "nothing would be learned"),
        ({"schedule": {"kind": "step", "epochs": (-1,)}}, "greater than or equal to 0"),
        ({"schedule": {"kind": "step", "epochs": ()}}, "at least 1 item"),
        ({"quantisation": {"weights": "identity"}}, "set full_weights"),
        ({"teaching": {"attention": {"bits": 9}}, "teacher": WIDE}, "it cannot have 9"),
        ({"teaching": {"attention": {"bits": 0}}, "teacher": WIDE}, "it cannot have 0"),
        ({"teaching": {"mode": "simple"}}, "'simple' needs a teacher"),
        ({"teaching": {"attention": {}}, "teacher": SINGLE}, "needs an ensemble teacher"),
        (
            {"teaching": {"mode": "progressive", "detach": False}, "balance": "gradient_norm"},
            "needs teaching.detach",
        ),
        ({"teacher": SINGLE}, "it teaches nobody"),
        ({"teacher": ALONG | {"teacher": SINGLE}}, "it teaches nobody"),
        ({"teacher": {"mode": "frozen"}}, "either a 'network' or an 'ensemble'"),
        ({"teacher": SINGLE | WIDE}, "either a 'network' or an 'ensemble'"),
        ({"teacher": SINGLE | {"training": {}}}, "exactly when a teacher is trained along"),
        ({"teacher": SINGLE | {"mode": "along"}}, "exactly when a teacher is trained along"),
        ({"teacher": SINGLE | {"teacher": WIDE}}, "a frozen teacher learns from nobody"),
        ({"teacher": ALONG | {"teacher": {"mode": "internal"}}}, "'frozen' or trained 'along'"),
        (
            {"teacher": ALONG | {"teacher": ALONG | {"teaching": SIMPLE, "teacher": SINGLE}}},
            "the teacher of a teacher has no teacher",
        ),
        ({"teacher": SINGLE | {"mode": "internal"}}, "takes no more fields"),
        (
            {"teaching": SIMPLE, "teacher": ALONG | {"training": {"warmup_epochs": 120}}},
            "a warm-up of 120 epochs leaves none of 120",
        ),
        ({"teaching": SIMPLE, "teacher": PAIR}, "the member of 1 bits has no teacher.* 32, 4 bits"),
        (
            {"teaching": {"attention": {}}, "teacher": PAIR},
            "the attention maps of a member of 1 bits are to be matched.* 32, 4 bits",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(fields, said):
    """An impossible training is refused with its reason."""
    with pytest.raises(ValidationError, match=said):
        EnsembleParams.model_validate(BASE | fields)


def test_an_ensemble_teacher_may_lack_widths_that_it_does_not_teach():
    """Progressive distillation needs the teacher's member of the widest width alone."""
    fields = {"teaching": {"mode": "progressive"}, "teacher": PAIR}

    assert EnsembleParams.model_validate(BASE | fields).teacher.widths == (32, 4)


def test_epochs_ahead_count_for_the_warmup_of_a_teacher():
    """A teacher's warm-up may be as long as the pupil's training when it learns ahead."""
    ahead = ALONG | {"training": {"warmup_epochs": 120, "ahead": 1}}

    assert EnsembleParams.model_validate(BASE | {"teaching": SIMPLE, "teacher": ahead})


def test_a_teacher_along_learns_in_every_epoch():
    """Its training has the pupil's batches, and the epochs ahead too."""
    training = Along.model_validate({"ahead": 2, "weight_decay": 1e-4}).training(7, 32)

    assert (training.epochs, training.batch_size, training.weight_decay) == (7, 32, 1e-4)
    assert training.optimiser == "adam"


def test_variants_change_fields_of_the_base():
    """A variant has its own fields, and those of the base besides."""
    params = VariantsParams.model_validate(
        {
            "base": BASE | {"teaching": {"mode": "progressive", "alpha": 0.2}},
            "variants": (
                {"name": "a", "teaching": {"detach": False}, "training": {"epochs": 3}},
                {"name": "b", "quantisation": {"padding": "minus_one"}},
            ),
        }
    )
    first, second = (params.made(variant) for variant in params.variants)

    assert (first.system, first.epochs, first.teaching.alpha) == ("a", 3, 0.2)
    assert (first.teaching.detach, second.teaching.detach) == (False, True)
    assert second.quantisation.padding == "minus_one"
    assert second.widths == (32, 4, 1)


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        (({"name": "a"}, {"name": "a"}), "two variants are called 'a'"),
        (({"name": "a", "teaching": {"detached": True}},), "detached"),
        (({"name": "a", "training": {"epochs": 0}},), "epochs"),
        ((), "variants"),
    ],
)
def test_impossible_variants_are_refused(variants, said):
    """A variant with a field that does not exist, or twice the same name, is refused."""
    with pytest.raises(ValidationError, match=said):
        VariantsParams.model_validate({"base": BASE, "variants": variants})
