"""Combinations of arguments that contradict each other or cannot be had, with the reasons.

All of a command line's faults are told at once. Arguments that merely have no effect are told of
in `notes.py`.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import UsageError
from reproductions.ensemble_kd.cli.arguments import ARGUMENTS
from reproductions.ensemble_kd.cli.parser import PROGRAM, Parsed
from reproductions.ensemble_kd.params.quantisation import FULL, check_bits, check_widths

TEACHERS = (
    "resnet18_v1", "cifar_resnet20_v2", "cifar_resnet56_v2", "cifar_resnet110_v2", "resnet_e1",
)  # fmt: skip
"""The networks of an external teacher, in lower case."""

_FALLBACK = 4  # the width that the release takes where one bit is asked for and there is none


@dataclass(frozen=True)
class Rule:
    """One combination.

    Parameters
    ----------
    when
        Whether a command line has it.
    reason
        What is wrong, with braces around the names of arguments whose values it tells.
    remedy
        What to do.
    example
        Words that have it, for the test that walks the rules; empty where they lack one.
    """

    when: Callable[[Parsed], bool]
    reason: str
    remedy: str
    example: str

    def told(self, values: Namespace) -> str:
        """Return the reason and the remedy with the values that are given."""
        return f"{self.reason.format(**vars(values))}; {self.remedy.format(**vars(values))}"


def _external(parsed: Parsed) -> bool:
    return parsed.values.kd_teacher_mode in ("pretrained_external", "untrained_external")


def _along(parsed: Parsed) -> bool:
    return bool(parsed.values.kd_teacher_mode == "untrained_external")


def _distils(parsed: Parsed) -> bool:
    return bool(parsed.values.kd_mode != "none")


def _member_weights_differ(parsed: Parsed) -> bool:
    weights, widths = parsed.values.member_weights, parsed.values.bit_widths
    return bool(weights and widths and len(weights) != len(widths))


def _entangled(parsed: Parsed) -> bool:
    values = parsed.values
    detached = not values.compat if values.detach is None else values.detach
    return bool(values.balance == "gradient_norm" and _distils(parsed) and not detached)


def _keeps_weights(parsed: Parsed) -> bool:
    values = parsed.values
    narrow = any(bits != FULL for bits in values.bit_widths or ())
    asked = values.weight_quantization == "identity"
    return bool(asked and narrow and not (values.fp_weights or values.compat))


def _unknown(name: str) -> bool:
    return bool(name) and name.lower() not in TEACHERS


_NAMES = ", ".join(TEACHERS)

_NETWORK = (
    Rule(lambda p: p.values.model.lower() != "resnet18_e1",
         "--model {model}: the ensembles are made of resnet18_e1, the only network that the "
         "release tests", "give --model resnet18_e1", "--model densenet28"),
    Rule(lambda p: p.values.activation_method == "dorefa_modified",
         "--activation-method dorefa_modified: BMXNet 0.4.2 has no such activation",
         "use dorefa", "--activation-method dorefa_modified"),
    Rule(lambda p: p.values.weight_quantization == "sign_approx_sign",
         "--weight-quantization sign_approx_sign: signs of weights pass gradients unchanged here; "
         "only those of activations have its gradient",
         "use det_sign", "--weight-quantization sign_approx_sign"),
    Rule(_keeps_weights,
         "--weight-quantization identity: weights of 8 bits and fewer are quantised all the same",
         "give --fp-weights, or --compat to have it so", "--weight-quantization identity"),
    Rule(lambda p: p.values.approximation == "abc",
         "--approximation abc: it makes several binary convolutions of one, and the members of an "
         "ensemble could share none of them", "use xnor or binet", "--approximation abc"),
    Rule(lambda p: not p.values.bit_widths and not p.values.train_teacher,
         "--bit-widths is missing", "give the widths of the members, such as 32 8 4 2 1",
         ""),
    Rule(_member_weights_differ,
         "--member-weights has another number of values than --bit-widths has",
         "give one for each member", "--member-weights 1 2"),
)  # fmt: skip

_RUNNING = (
    Rule(lambda p: p.values.mode == "symbolic",
         "--mode symbolic: it is of the Module API, in which the release's ensembles were never "
         "trained", "use hybrid, which compiles the network too", "--mode symbolic"),
    Rule(lambda p: "," in p.values.gpus,
         "--gpus {gpus}: the batch would be divided among GPUs, and this build of MXNet has none",
         "leave it out, and multiply --batch-size", "--gpus 0,1"),
    Rule(lambda p: p.values.dataset == "imagenet" and not p.values.data_dir,
         "--dataset imagenet: --data-dir is missing",
         "give the folder of train.rec and val.rec",
         "--dataset imagenet"),
    Rule(lambda p: "/" in p.values.log.strip("/") or p.values.log.strip("/") in ("", ".", ".."),
         "--log {log}: it is the beginning of files' names in --result_path",
         "give a name without a folder", "--log a/b"),
)  # fmt: skip


def _dead(prefix: str) -> Rule:
    """Return the rule of a schedule that ends a training at its first step."""
    flag, mode, factor = f"--{prefix.replace('_', '-')}", f"{prefix}lr_mode", f"{prefix}lr_factor"
    default = "" if prefix else ", which is the release's default"

    def dies(parsed: Parsed) -> bool:
        values = vars(parsed.values)
        return bool(values[mode] == "step" and not values[factor] and not values["compat"])

    return Rule(
        dies,
        f"{flag}lr-mode step with {flag}lr-factor 0{default}: from the first of {flag}lr-steps on "
        "the rate is 0",
        f"give {flag}lr-factor 0.1, or --compat to have it so",
        f"{flag}lr-mode step {flag}lr-factor 0",
    )


def _momentum(prefix: str) -> Rule:
    """Return the rule of an optimiser that has its own momentum."""
    flag, given, kind = f"--{prefix.replace('_', '-')}", f"{prefix}momentum", f"{prefix}optimizer"
    return Rule(
        lambda p: p.gives(given) and vars(p.values)[kind] in ("radam", "adam"),
        f"{flag}momentum with {flag}optimizer {{{kind}}}: it has a momentum of its own",
        "use sgd or nag, or leave it out",
        f"{flag}momentum 0.8",
    )


def _warmup(prefix: str) -> Rule:
    """Return the rule of a warm-up that leaves no epoch."""
    flag, given = f"--{prefix.replace('_', '-')}", f"{prefix}warmup_epochs"
    return Rule(
        lambda p: bool(vars(p.values)[given] >= p.values.epochs > 0),
        f"{flag}warmup-epochs {{{given}}}: it leaves none of the {{epochs}} epochs",
        "give fewer, or more --epochs",
        f"--epochs 2 {flag}warmup-epochs 2",
    )


_PREFIXES = ("", "teacher_", "tt_")
_OPTIMISER = (*map(_dead, _PREFIXES), *map(_momentum, _PREFIXES), *map(_warmup, _PREFIXES))

_STAGES = (
    Rule(lambda p: p.values.two_stage and not _along(p),
         "--two-stage needs --kd-teacher-mode untrained_external: the second stage is taught by "
         "the teacher that the first has trained",
         "or run two commands: --fp-weights, then --resume with its parameters", "--two-stage"),
    Rule(lambda p: p.values.two_stage and FULL not in (p.values.bit_widths or ()),
         "--two-stage needs 32 in --bit-widths: without it the weights of the first stage would "
         "be quantised after all", "add 32", "--two-stage --bit-widths 8 4"),
    Rule(lambda p: p.values.fp_weights and not p.values.two_stage
         and FULL not in (p.values.bit_widths or (FULL,)) and p.values.compat,
         "--fp-weights --compat needs 32 in --bit-widths: as published, weights are quantised "
         "without it", "add 32, or leave --compat out", "--fp-weights --compat --bit-widths 8 4"),
    Rule(lambda p: p.values.two_stage and p.values.fp_weights,
         "--two-stage and --fp-weights: the first stage has full-precision weights anyway, and the "
         "second cannot", "leave one out", "--two-stage --fp-weights"),
    Rule(lambda p: p.values.two_stage
         and p.gives("interrupt_at", "resume_states", "start_epoch"),
         "--two-stage cannot be interrupted or taken up inside",
         "run its stages one by one: --fp-weights, then --resume", "--two-stage --interrupt-at 1"),
    Rule(lambda p: p.values.start_epoch > 0 and not p.values.resume,
         "--start-epoch {start_epoch} without --resume: weights that were never trained have no "
         "epochs behind them", "give --resume FILE", "--start-epoch 1"),
    Rule(lambda p: p.values.start_epoch >= p.values.epochs,
         "--start-epoch {start_epoch}: --epochs {epochs} are over by then",
         "give more --epochs", "--resume a.params --start-epoch 5 --epochs 5"),
    Rule(lambda p: bool(p.values.resume_states)
         and not (p.values.resume and p.gives("start_epoch")),
         "--resume-states without --resume and --start-epoch: the state of an optimiser belongs "
         "to its weights and its epoch", "give all three", "--resume-states a.states"),
    Rule(lambda p: p.values.interrupt_at is not None
         and not p.values.start_epoch < p.values.interrupt_at < p.values.epochs,
         "--interrupt-at {interrupt_at}: the epochs go from {start_epoch} to {epochs}, and it is "
         "not between them", "give an epoch between them, or leave it out", "--interrupt-at 500"),
    Rule(lambda p: p.values.save_frequency is not None and p.values.save_frequency < 1,
         "--save-frequency {save_frequency}: it is a number of epochs", "give 1 or more",
         "--save-frequency 0"),
    Rule(lambda p: p.values.log_interval < 1, "--log-interval {log_interval}: it is a number of "
         "batches", "give 1 or more", "--log-interval 0"),
    Rule(lambda p: p.values.seed < 0, "--seed {seed}: it is below 0", "give 0 or more",
         "--seed -1"),
    Rule(lambda p: p.values.start_epoch < 0, "--start-epoch {start_epoch}: it is below 0",
         "give 0 or more", "--start-epoch -1"),
)  # fmt: skip

_TEACHING = (
    Rule(lambda p: p.values.kd_mode == "simple" and p.values.kd_teacher_mode == "none",
         "--kd-mode simple without --kd-teacher-mode: nobody teaches",
         "give --kd-teacher-mode pretrained_external, untrained_external or internal",
         "--kd-mode simple"),
    Rule(lambda p: p.values.kd_teacher_mode != "none" and not _distils(p),
         "--kd-teacher-mode {kd_teacher_mode} without --kd-mode: the teacher teaches nobody",
         "give --kd-mode simple or progressive", "--kd-teacher-mode internal"),
    Rule(lambda p: _external(p) and not (p.values.teacher or p.values.ensemble_teacher),
         "--kd-teacher-mode {kd_teacher_mode} without --teacher", f"give one of {_NAMES}, or "
         "--ensemble-teacher", "--kd-mode simple --kd-teacher-mode untrained_external"),
    Rule(lambda p: p.values.kd_teacher_mode == "pretrained_external"
         and not p.values.teacher_params,
         "--kd-teacher-mode pretrained_external without --teacher-params: the weights of a model "
         "zoo are fetched from the network, which no run may need",
         "train one with --train-teacher and give its file",
         "--kd-mode simple --kd-teacher-mode pretrained_external --teacher resnet18_v1"),
    Rule(lambda p: bool(p.values.teacher) and p.values.ensemble_teacher
         and p.values.teacher.lower() != "resnet18_e1",
         "--teacher {teacher} with --ensemble-teacher: that is a resnet18_e1",
         "leave one of them out", "--teacher resnet18_v1 --ensemble-teacher"),
    Rule(lambda p: _unknown(p.values.teacher) and not p.values.ensemble_teacher,
         "--teacher {teacher}: there is no such teacher", f"give one of {_NAMES}",
         "--teacher vgg16"),
    Rule(lambda p: _unknown(p.values.teacher_teacher),
         "--teacher-teacher {teacher_teacher}: there is no such teacher", f"give one of {_NAMES}",
         "--teacher-teacher vgg16"),
    Rule(lambda p: p.values.kd_teacher_mode == "internal" and len(p.values.bit_widths or ()) == 1,
         "--kd-teacher-mode internal with one member: it would have itself alone to teach",
         "add a width", "--kd-mode simple --kd-teacher-mode internal --bit-widths 4"),
    Rule(lambda p: p.values.train_teacher and not p.values.teacher,
         "--train-teacher without --teacher", f"give one of {_NAMES}", "--train-teacher"),
    Rule(lambda p: p.values.train_teacher and (_distils(p) or p.values.two_stage),
         "--train-teacher with --kd-mode or --two-stage: the teacher learns alone, from labels",
         "leave them out", "--teacher resnet18_v1 --train-teacher --kd-mode progressive"),
    Rule(lambda p: bool(p.values.train_teacher and p.values.resume and p.values.teacher_resume),
         "--train-teacher with --resume and --teacher-resume: both are where it begins",
         "leave one of them out",
         "--teacher resnet18_v1 --train-teacher --resume a.params --teacher-resume b.params"),
    Rule(lambda p: p.values.attention_matching != 0
         and not (p.values.ensemble_teacher and _external(p) and _distils(p)),
         "--attention-matching needs maps of the same shapes: those of an ensemble teacher",
         "give --ensemble-teacher, --kd-mode simple or progressive and --kd-teacher-mode "
         "pretrained_external", "--attention-matching -1"),
    Rule(lambda p: not _is_matching(p.values.attention_matching),
         "--attention-matching {attention_matching}: it is 0, -1 or a width of the teacher",
         "give one of them", "--attention-matching 9"),
    Rule(lambda p: bool(p.values.teacher_teacher) and not (p.values.ensemble_teacher and _along(p)),
         "--teacher-teacher teaches an ensemble teacher that is trained along",
         "give --ensemble-teacher and --kd-teacher-mode untrained_external",
         "--teacher-teacher resnet18_v1"),
    Rule(lambda p: bool(p.values.teacher_teacher) != (p.values.tt_kd_mode != "none"),
         "--teacher-teacher and --tt-kd-mode belong together: who teaches the teacher, and how",
         "give both", "--tt-kd-mode simple"),
)  # fmt: skip

_BALANCE = (
    Rule(_entangled,
         "--balance gradient_norm where members pull at those that teach them: whose gradient it "
         "is cannot be told apart", "give --detach",
         "--balance gradient_norm --kd-mode progressive --no-detach"),
)  # fmt: skip

RULES: tuple[Rule, ...] = (*_NETWORK, *_RUNNING, *_OPTIMISER, *_STAGES, *_TEACHING, *_BALANCE)
"""Every combination that ends the command."""


def _is_matching(bits: int) -> bool:
    return bits in (0, -1, FULL) or 1 <= bits <= 8


def check(parsed: Parsed) -> None:
    """Raise UsageError with every fault of the command line, when there is one."""
    faults = [
        f"{argument.flags[0]}: {argument.reason}; {argument.remedy}"
        for argument in ARGUMENTS
        if argument.fate == "refused"
        and vars(parsed.values)[argument.name] not in (argument.default, None)
    ]
    faults += [rule.told(parsed.values) for rule in RULES if rule.when(parsed)]
    faults += _width_faults(parsed)
    if faults:
        raise UsageError("\n  ".join(faults), f"see {PROGRAM} --help")


def target(parsed: Parsed) -> int:
    """Return the width that decides which epoch is best, as the release chooses it."""
    asked: int = parsed.values.target_bits
    widths = parsed.values.bit_widths or ()
    falls = parsed.values.compat and asked == 1 and asked not in widths
    return _FALLBACK if falls else asked


def replaces_decay(values: Namespace) -> bool:
    """Return whether --wd-alpha takes the place of --wd; in the release also where it is 0."""
    return bool(values.activation_method == "pact" and (values.wd_alpha or values.compat))


def _width_faults(parsed: Parsed) -> list[str]:
    widths = tuple(parsed.values.bit_widths or ())
    try:
        for bits in widths:
            check_bits(bits)
        check_widths(widths)
    except ValueError as error:
        return [f"--bit-widths: {error}"]
    if not widths or parsed.values.train_teacher or target(parsed) in widths:
        return []
    asked = "" if parsed.gives("target_bits") else ", the default"
    said = f"--target-bits {target(parsed)}{asked}: the ensemble has no member of that width"
    return [f"{said}; give one of {', '.join(map(str, widths))}"]
