"""What a run says of arguments that are given and change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reproductions.ensemble_kd.cli.arguments import ARGUMENTS
from reproductions.ensemble_kd.cli.parser import Parsed
from reproductions.ensemble_kd.cli.refusals import replaces_decay, target
from reproductions.ensemble_kd.params.quantisation import FULL


@dataclass(frozen=True)
class Idle:
    """Arguments that change nothing under a condition.

    Parameters
    ----------
    names
        Of the arguments, any of which has to be given.
    when
        The condition.
    reason
        Why they change nothing, and what would make them.
    example
        Words that have it, for the test that walks the table.
    """

    names: tuple[str, ...]
    when: Callable[[Parsed], bool]
    reason: str
    example: str


def _descent(prefix: str) -> tuple[str, ...]:
    ends = ("lr_mode", "lr", "lr_factor", "lr_steps", "momentum", "optimizer", "wd",
            "warmup_lr", "warmup_epochs")  # fmt: skip
    return tuple(f"{prefix}_{end}" for end in ends)


def _steps(prefix: str) -> Idle:
    flag = prefix.replace("_", "-")
    return Idle(
        (f"{prefix}lr_factor", f"{prefix}lr_steps"),
        lambda p: bool(vars(p.values)[f"{prefix}lr_mode"] != "step"),
        f"they are of --{flag}lr-mode step",
        f"--{flag}lr-steps 1,2",
    )


def _untaught(parsed: Parsed) -> bool:
    return bool(parsed.values.kd_mode == "none")


def _not_along(parsed: Parsed) -> bool:
    alone = parsed.values.train_teacher
    return bool(not alone and parsed.values.kd_teacher_mode != "untrained_external")


IDLE: tuple[Idle, ...] = (
    Idle(("teacher", "teacher_params", "ensemble_teacher"),
         lambda p: _untaught(p) and not p.values.train_teacher,
         "no teacher is built and nothing is distilled, as --kd-mode and --kd-teacher-mode are "
         "none: the ensemble is trained on labels alone. For a teacher add --kd-mode simple "
         "--kd-teacher-mode pretrained_external", "--ensemble-teacher --teacher-params a.params"),
    Idle(("teacher", "teacher_params", "ensemble_teacher"),
         lambda p: bool(p.values.kd_teacher_mode == "internal"
                        or (not _untaught(p) and p.values.kd_teacher_mode == "none")),
         "the ensemble teaches itself",
         "--kd-mode progressive --teacher resnet18_v1"),
    Idle(("teacher_params",),
         lambda p: bool(p.values.kd_teacher_mode == "untrained_external" or p.values.train_teacher),
         "a teacher that is being trained begins with --teacher-resume",
         "--kd-mode simple --kd-teacher-mode untrained_external --teacher resnet18_v1 "
         "--teacher-params a.params"),
    Idle(("kd_alpha", "temperature", "kl_reduction", "detach"), _untaught,
         "there are no soft targets: --kd-mode is none", "--temperature 2"),
    Idle(("detach",), lambda p: bool(p.values.kd_mode == "simple"),
         "it is of --kd-mode progressive",
         "--kd-mode simple --kd-teacher-mode internal --detach"),
    Idle(("attention_axis",), lambda p: bool(p.values.attention_matching == 0),
         "no maps are matched: --attention-matching is 0", "--attention-axis width"),
    Idle((*_descent("teacher"), "teacher_resume"), _not_along,
         "no teacher is trained", "--teacher-lr 0.1"),
    Idle((*_descent("tt"), "tt_params"), lambda p: not p.values.teacher_teacher,
         "there is no --teacher-teacher", "--tt-lr 0.1"),
    Idle(_descent("tt"), lambda p: bool(p.values.tt_params),
         "a teacher's teacher with --tt-params is not trained",
         "--kd-mode simple --kd-teacher-mode untrained_external --ensemble-teacher --tt-lr 0.1 "
         "--teacher-teacher resnet18_v1 --tt-kd-mode simple --tt-params a.params"),
    _steps(""), _steps("teacher_"), _steps("tt_"),
    Idle(("wd_alpha",), lambda p: bool(p.values.activation_method != "pact"),
         "it is of --activation-method pact", "--wd-alpha 0.1"),
    Idle(("augmentation", "data_dir"), lambda p: bool(p.values.dataset != "imagenet"),
         "they are of --dataset imagenet", "--augmentation high"),
    Idle(("data_path",), lambda p: bool(p.values.dataset in ("imagenet", "dummy")),
         "imagenet has --data-dir, and dummy images are drawn",
         "--dataset dummy --data-path elsewhere"),
    Idle(("bits", "bits_a", "prefix"), lambda p: p.values.save_frequency is None,
         "they are in the names of the checkpoints of --save-frequency, which is not given",
         "--bits 2"),
    Idle(("identity_clip",), lambda p: FULL not in (p.values.bit_widths or (FULL,)),
         "there is no member of 32 bits", "--identity-clip --bit-widths 8 4 1"),
    Idle(("bit_widths", "target_bits", "member_weights", "balance", "fp_weights"),
         lambda p: bool(p.values.train_teacher),
         "the teacher is trained alone: no ensemble is built",
         "--teacher resnet18_v1 --train-teacher --balance gradient_norm"),
    Idle(("teacher_width_multiplier",),
         lambda p: bool((_untaught(p) and not p.values.train_teacher)
                        or p.values.kd_teacher_mode == "internal"
                        or (p.values.ensemble_teacher and not p.values.teacher_teacher)),
         "no single network teaches", "--teacher-width-multiplier 0.5"),
)  # fmt: skip
"""Every combination that leaves an argument without effect."""


def notes(parsed: Parsed) -> tuple[str, ...]:
    """Return a line for each argument that is given and changes nothing, or not what it says."""
    found = [
        f"{argument.flags[0]} is without effect: {argument.reason}"
        for argument in ARGUMENTS
        if argument.fate == "noted" and argument.name in parsed.given
    ]
    for idle in IDLE:
        given = [_flag(name) for name in idle.names if name in parsed.given]
        if given and idle.when(parsed):
            found.append(f"without effect: {', '.join(given)}: {idle.reason}")
    return (*found, *_changes(parsed))


def _flag(name: str) -> str:
    return next(one.flags[0] for one in ARGUMENTS if one.name == name)


def _changes(parsed: Parsed) -> list[str]:
    values = parsed.values
    told = []
    if replaces_decay(values) and (values.wd_alpha or values.wd):
        told.append("--wd-alpha takes the place of --wd for all parameters, as in the release")
    if target(parsed) != values.target_bits:
        told.append(f"--target-bits becomes {target(parsed)}: there is no member of one bit")
    if values.resume and values.start_epoch and not values.resume_states:
        told.append("--start-epoch without --resume-states: the optimisers begin anew, and the "
                    "run will differ from one without a stop")  # fmt: skip
    if values.compat and values.lr_mode == "step" and not values.lr_factor:
        told.append(
            "--lr-mode step with --lr-factor 0: nothing is learned after the first of --lr-steps"
        )
    return told
