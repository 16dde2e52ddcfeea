"""Every argument does what the table says: it works, is told of, or is refused."""

import subprocess
import sys

import pytest
from ensemble_words import BASE, parsed, planned

from harness.errors import UsageError
from reproductions.ensemble_kd.cli.arguments import ARGUMENTS, GROUPS
from reproductions.ensemble_kd.cli.notes import IDLE, notes
from reproductions.ensemble_kd.cli.parser import build_parser, describe, parse
from reproductions.ensemble_kd.cli.refusals import RULES, check


def _of(fate):
    chosen = [one for one in ARGUMENTS if one.fate == fate]
    return pytest.mark.parametrize("argument", chosen, ids=lambda one: one.flags[0])


def _others(argument):
    """Return the example of `argument` without its own words: what it is compared with."""
    words, kept, skip = list(argument.example), [], False
    for word in words:
        if word.startswith("--"):
            skip = word in argument.flags or word == f"--no-{argument.flags[0][2:]}"
        if not skip:
            kept.append(word)
    return " ".join(kept)


WORKING = [one for one in ARGUMENTS if one.fate == "works" and one.name != "model"]


def _without(argument):
    """Return the plan of the example of `argument` without its own words; None: it needs them."""
    try:
        return planned(_others(argument))
    except UsageError:
        return None


@pytest.mark.parametrize("argument", WORKING, ids=lambda one: one.flags[0])
def test_working_argument_changes_the_plan(argument):
    """An argument that works makes another plan than its words without it, or none is made."""
    assert planned(" ".join(argument.example)) != _without(argument)


@_of("noted")
def test_noted_argument_is_told_of(argument):
    """An argument without effect leaves the plan as it is, and a note names it."""
    words = " ".join(argument.example)

    assert planned(_others(argument)) == planned(words)
    assert any(line.startswith(argument.flags[0]) for line in notes(parsed(words)))


@_of("fixed")
def test_fixed_argument_is_taken(argument):
    """An argument that asks for what always happens is taken without a note."""
    words = " ".join(argument.example) or f"{argument.flags[0]} {argument.choices[0]}"

    assert planned() == planned(words)
    assert not notes(parsed(words))


@_of("refused")
def test_refused_argument_says_why(argument):
    """An argument that cannot be had is refused by its name, with the reason and a way out."""
    with pytest.raises(UsageError) as refused:
        check(parsed(" ".join(argument.example)))

    assert argument.flags[0] in refused.value.message
    assert argument.reason in refused.value.message
    assert argument.remedy in refused.value.message


@pytest.mark.parametrize("rule", [one for one in RULES if one.example], ids=lambda one: one.example)
def test_contradiction_is_refused(rule):
    """Each combination that cannot be had is refused with its own reason."""
    found = parsed(rule.example)

    assert rule.when(found)
    assert not rule.when(parsed())
    with pytest.raises(UsageError) as refused:
        check(found)
    assert rule.told(found.values) in refused.value.message


@pytest.mark.parametrize("idle", IDLE, ids=lambda one: one.example)
def test_argument_without_effect_is_told_of(idle):
    """Each combination in which an argument changes nothing is told of with its reason."""
    assert any(line.endswith(idle.reason) for line in notes(parsed(idle.example)))
    assert not notes(parsed())


def test_table_is_complete():
    """Each argument has a help, a known heading, a name of its own, and an example or a choice."""
    names = [one.name for one in ARGUMENTS]

    assert len(names) == len(set(names))
    for one in ARGUMENTS:
        assert one.help
        assert one.group in GROUPS
        assert one.example or one.choices or one.required
        assert (one.fate == "works") != bool(one.reason)


def test_no_argument_of_the_release_is_missing():
    """The parser takes each of the release's arguments, with the release's default."""
    defaults = {
        "bits": 1, "bits_a": 1, "activation_method": "det_sign", "weight_quantization": "det_sign",
        "clip_threshold": 1.0, "add_activation": "", "use_pretrained": False, "approximation": "",
        "initial_layers": "imagenet", "fp_downsample_sc": False, "pool_downsample_sc": False,
        "downsample_sc_groups": 1, "slices": 1, "prefix": "", "batch_size": 64, "data_dir": "",
        "data_path": ".", "dataset": "cifar10", "dtype": "float32", "num_worker": 4,
        "augmentation": "medium", "result_path": "../results/", "builtin_profiler": 0, "gpus": "",
        "cpu": False, "mode": "imperative", "lr_mode": "cosine", "lr": 0.01, "lr_factor": 0,
        "lr_steps": "90,100", "momentum": 0.9, "optimizer": "radam", "wd": 0, "wd_alpha": 0,
        "warmup_lr": 0, "warmup_epochs": 0, "dry_run": False, "test_run": False,
        "interrupt_at": None, "epochs": 120, "initialization": "gaussian", "kvstore": "device",
        "seed": 123, "start_epoch": 0, "log": "image-classification", "log_interval": 50,
        "plot_network": None, "profile": False, "progress": "", "write_summary": None,
        "resume": "", "resume_states": "", "save_frequency": None, "loss_mode": "equal",
        "two_stage": False, "fp_weights": False, "identity_clip": False, "no_batch_reuse": False,
        "train_single": None, "bit_widths": None, "train_teacher": False, "target_bits": 1,
        "kd_mode": "none", "kd_teacher_mode": "none", "teacher": "", "teacher_params": "",
        "teacher_resume": "", "ensemble_teacher": False, "attention_matching": 0,
        "teacher_teacher": "", "tt_params": "", "tt_kd_mode": "none",
    }  # fmt: skip
    for prefix in ("teacher_", "tt_"):
        defaults |= {
            f"{prefix}lr_mode": "cosine", f"{prefix}lr": 0.01, f"{prefix}lr_factor": 0.1,
            f"{prefix}lr_steps": "30,60,90", f"{prefix}momentum": 0.9,
            f"{prefix}optimizer": "adam", f"{prefix}wd": 0, f"{prefix}warmup_lr": 0,
            f"{prefix}warmup_epochs": 0,
        }  # fmt: skip

    values = vars(parse(["--model", "resnet18_e1"]).values)

    assert defaults == {name: values[name] for name in defaults}


def test_published_alpha_is_compat():
    """The label loss has the release's weight 0 under --compat alone."""
    words = "--kd-mode progressive"

    assert planned(words).teaching.alpha == 0.5
    assert planned(f"{words} --compat").teaching.alpha == 0.0
    assert planned(f"{words} --compat --kd-alpha 0.2").teaching.alpha == 0.2


def test_compat_is_everything_as_published():
    """--compat sets every form that is corrected by default, and a given argument overrides it."""
    from reproductions.ensemble_kd.params import quantisation, teaching

    found = planned("--compat --kd-mode progressive")
    changed = planned("--compat --kd-mode progressive --padding zero --detach --kl-reduction sum")

    for name, value in quantisation.PUBLISHED.items():
        assert getattr(found.quantisation, name) == value
    for name, value in teaching.PUBLISHED.items():
        assert getattr(found.teaching, name) == value
    assert found.swapped_agreement
    assert changed.quantisation.padding == "zero"
    assert changed.teaching.detach
    assert changed.teaching.reduction == "sum"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--bit-widths 9", "a member has 1 to 8 bits, or 32; it cannot have 9"),
        ("--bit-widths 0 --target-bits 0", "it cannot have 0"),
        ("--bit-widths 32 4 4 1", "two members have 4 bits"),
        ("--target-bits 2", "--target-bits 2: the ensemble has no member of that width"),
        ("--bit-widths 32 4", "--target-bits 1, the default: the ensemble has no member"),
        ("--batch-size 1", "--batch-size 1: "),
        ("--lr 0", "--lr 0.0: "),
        ("--epochs 0", "--epochs 0"),
        ("--kd-mode progressive --temperature 0", "--temperature 0.0: "),
        ("--clip-threshold -1", "--clip-threshold -1.0: "),
        ("--lr-mode step --lr-factor 0.1 --lr-steps a,b", "--lr-steps a,b: not whole numbers"),
        ("--lr-mode step --lr-factor 0.1 --lr-steps ,", "--lr-steps (): "),
        ("--lr-mode step --lr-factor nan", "--lr-factor nan: "),
        ("--member-weights 1 -1 1", "--member-weights -1.0: "),
        ("--activation-method pact --wd-alpha -1", "--wd-alpha -1.0: "),
        ("--lr fast", "argument --lr: invalid float value: 'fast'"),
        ("--nonsense 1", "unrecognized arguments: --nonsense 1"),
        ("--batch 32", "unrecognized arguments: --batch 32"),
    ],
)
def test_value_out_of_range_is_refused(words, said):
    """A value that no run can have is refused under the argument's own name."""
    with pytest.raises(UsageError) as refused:
        planned(words)

    assert said in str(refused.value)


def test_width_multiplier_is_refused_by_its_name():
    """A width multiplier that no network has is refused as what the user wrote."""
    with pytest.raises(UsageError, match=r"--width-multiplier 0\.0"):
        planned("--width-multiplier 0").network(8, 1, 10)


def test_groups_are_refused_by_their_name():
    """Groups that no network has are refused as what the user wrote."""
    with pytest.raises(UsageError, match="--downsample-sc-groups 0"):
        planned("--downsample-sc-groups 0").network(8, 1, 10)


def test_weights_stay_with_full_precision_alone():
    """Weights that are to stay as they are need --fp-weights, or 32 bits alone, or --compat."""
    words = "--weight-quantization identity"

    assert planned(f"{words} --fp-weights").quantisation.full_weights
    assert planned(f"{words} --compat") == planned("--compat")
    assert planned(f"{words} --bit-widths 32 --target-bits 32")
    with pytest.raises(UsageError, match="give --fp-weights"):
        planned(words)


def test_both_names_of_the_approximate_sign_are_the_same():
    """The sign with an approximate gradient is had by its two names."""
    assert planned("--activation-method sign_approx_sign") == planned(
        "--activation-method approx_sign"
    )


def test_decay_of_alpha_replaces_all_others():
    """With pact --wd-alpha takes the place of --wd, under --compat also where it is 0."""
    words = "--activation-method pact --wd 0.1"

    assert planned(words).training.weight_decay == 0.1
    assert planned(f"{words} --wd-alpha 0.2").training.weight_decay == 0.2
    assert planned(f"{words} --compat").training.weight_decay == 0.0
    assert any(line.startswith("--wd-alpha takes") for line in notes(parsed(f"{words} --compat")))


def test_missing_widths_are_refused():
    """An ensemble without widths is refused; a teacher trained alone needs none."""
    with pytest.raises(UsageError, match="--bit-widths is missing"):
        check(parse(["--model", "resnet18_e1"]))
    check(parse(["--model", "resnet18_e1", "--teacher", "resnet18_v1", "--train-teacher"]))


def test_target_falls_back_as_published():
    """Under --compat one bit becomes four where there is no such member, and a note says so."""
    words = "--compat --bit-widths 32 4"

    assert planned(words).target == 4
    assert any("--target-bits becomes 4" in line for line in notes(parsed(words)))


def test_all_faults_are_told_at_once():
    """A command line with several faults is told of each."""
    with pytest.raises(UsageError) as refused:
        check(parsed("--mode symbolic --profile --target-bits 2 --bit-widths 32 4"))

    assert [line.split()[0] for line in refused.value.message.split("\n")] == [
        "--profile:", "--mode", "--target-bits",
    ]  # fmt: skip


def test_help_needs_no_framework():
    """--help tells of every argument and loads no framework, not even NumPy."""
    code = (
        "import sys, runpy\n"
        "sys.argv = ['ensemble_kd', '--help']\n"
        "try:\n    runpy.run_module('reproductions.ensemble_kd', run_name='__main__')\n"
        "except SystemExit as end:\n    assert end.code == 0, end.code\n"
        "loaded = {'mxnet', 'torch', 'tensorflow'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    for argument in ARGUMENTS:
        assert argument.flags[0] in done.stdout
    assert build_parser().format_help() == done.stdout


def test_help_tells_every_default():
    """The line of each argument that takes a value tells its default, also 0 and 1."""
    assert describe(_argument("--bits")).endswith("(default 1)")
    assert describe(_argument("--wd")).endswith("(default 0.0)")
    assert "default" not in describe(_argument("--fp-weights"))


def _argument(flag):
    return next(one for one in ARGUMENTS if flag in one.flags)


def test_base_command_has_no_notes():
    """A command line without idle arguments runs without a note."""
    assert not notes(parse(list(BASE)))
