"""From a checked command line to the plan of its run."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from reproductions.ensemble_kd.cli.parser import Parsed
from reproductions.ensemble_kd.cli.plan import ENSEMBLE, Files, Plan, Source, TeacherPlan
from reproductions.ensemble_kd.cli.ranges import made
from reproductions.ensemble_kd.cli.refusals import replaces_decay, target
from reproductions.ensemble_kd.params import quantisation, teaching
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.teaching import Teaching
from reproductions.ensemble_kd.params.training import Training

_SAME = {"sign_approx_sign": "approx_sign"}  # BMXNet's name for one bit
_SHIFTED = ("cifar10", "cifar100")  # the datasets whose training images the release moves


def interpret(parsed: Parsed) -> Plan:
    """Return what a checked command line asks for.

    Raises
    ------
    UsageError
        A number is out of its range.
    """
    values = parsed.values
    return Plan(
        asked=_asked(values),
        stem=values.initial_layers,
        widths=() if values.train_teacher else tuple(values.bit_widths),
        target=target(parsed),
        quantisation=_quantisation(values),
        teaching=_teaching(values),
        training=_training(values, ""),
        teacher=_teacher(values),
        internal=values.kd_teacher_mode == "internal",
        alone=values.train_teacher,
        two_stage=values.two_stage,
        hybrid=values.mode == "hybrid",
        initialization=values.initialization,
        source=_source(values),
        files=_files(values),
        seed=values.seed,
        start=values.start_epoch,
        interrupt=values.interrupt_at,
        short=values.test_run,
        dry=values.dry_run,
        interval=values.log_interval,
        swapped_agreement=values.compat,
    )


def _asked(values: Namespace) -> dict[str, Any]:
    return {
        "width": values.width_multiplier,
        "shortcut_pool": values.pool_downsample_sc,
        "shortcut_full_precision": values.fp_downsample_sc,
        "shortcut_groups": values.downsample_sc_groups,
        "add_activation": values.add_activation,
    }


def _quantisation(values: Namespace) -> Quantisation:
    fields: dict[str, Any] = dict(quantisation.PUBLISHED) if values.compat else {}
    fields |= {
        "activations": _SAME.get(values.activation_method, values.activation_method),
        "clip_threshold": values.clip_threshold,
        "full_weights": values.fp_weights,
        "identity_clip": values.identity_clip,
        "scaling": values.approximation or "none",
    }
    if values.padding is not None:
        fields["padding"] = values.padding
    return made(Quantisation, fields, {"clip_threshold": "--clip-threshold"})


def _teaching(values: Namespace) -> Teaching:
    fields: dict[str, Any] = dict(teaching.PUBLISHED) if values.compat else {}
    given = {
        "alpha": values.kd_alpha,
        "detach": values.detach,
        "reduction": values.kl_reduction,
    }
    fields |= {name: value for name, value in given.items() if value is not None}
    fields |= {"mode": values.kd_mode, "temperature": values.temperature}
    if values.attention_matching:
        axis = values.attention_axis or ("width" if values.compat else "channels")
        fields["attention"] = {"bits": values.attention_matching, "axis": axis}
    return made(Teaching, fields, {"alpha": "--kd-alpha", "temperature": "--temperature"})


def _training(values: Namespace, prefix: str) -> Training:
    """Return the training of the ensemble, or with `prefix` of a teacher."""
    given = vars(values)
    fields: dict[str, Any] = {
        "epochs": values.epochs,
        "batch_size": values.batch_size,
        "learning_rate": given[f"{prefix}lr"],
        "optimiser": given[f"{prefix}optimizer"],
        "momentum": given[f"{prefix}momentum"],
        "weight_decay": given[f"{prefix}wd"],
        "schedule": _schedule(given, prefix),
        "warmup_epochs": given[f"{prefix}warmup_epochs"],
        "augment": {} if values.dataset in _SHIFTED else None,
    }
    flag = f"--{prefix.replace('_', '-')}"
    if not prefix:
        fields |= {
            "balance": values.balance,
            "member_weights": tuple(values.member_weights) if values.member_weights else None,
        }
        if replaces_decay(values):
            fields["weight_decay"] = values.wd_alpha
    names = {
        "epochs": "--epochs", "batch_size": "--batch-size", "learning_rate": f"{flag}lr",
        "momentum": f"{flag}momentum", "weight_decay": f"{flag}wd",
        "schedule": f"{flag}lr-mode", "warmup_epochs": f"{flag}warmup-epochs",
        "schedule.step.factor": f"{flag}lr-factor", "schedule.step.epochs": f"{flag}lr-steps",
    }  # fmt: skip
    if not prefix and replaces_decay(values):
        names["weight_decay"] = "--wd-alpha"
    return made(Training, fields, names)


def _schedule(given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    kind = given[f"{prefix}lr_mode"]
    if kind != "step":
        return {"kind": kind}
    flag, text = f"--{prefix.replace('_', '-')}lr-steps", given[f"{prefix}lr_steps"]
    try:
        epochs = tuple(int(word) for word in text.split(",") if word.strip())
    except ValueError as error:
        raise UsageError(
            f"{flag} {text}: not whole numbers with commas", f"such as {flag} 30,60"
        ) from error
    return {"kind": kind, "epochs": epochs, "factor": given[f"{prefix}lr_factor"]}


def _teacher(values: Namespace) -> TeacherPlan | None:
    width = values.teacher_width_multiplier
    if values.train_teacher:
        training = _training(values, "teacher_")
        return TeacherPlan(values.teacher.lower(), width, values.teacher_resume, training)
    if values.kd_mode == "none" or not values.kd_teacher_mode.endswith("_external"):
        return None
    kind = ENSEMBLE if values.ensemble_teacher else values.teacher.lower()
    if values.kd_teacher_mode == "pretrained_external":
        return TeacherPlan(kind, width, values.teacher_params, None)
    training = _training(values, "teacher_")
    if not values.teacher_teacher:
        return TeacherPlan(kind, width, values.teacher_resume, training)
    own = None if values.tt_params else _training(values, "tt_")
    above = TeacherPlan(values.teacher_teacher.lower(), width, values.tt_params, own)
    return TeacherPlan(kind, width, values.teacher_resume, training, above, values.tt_kd_mode)


def _source(values: Namespace) -> Source:
    place = values.data_dir if values.dataset == "imagenet" else values.data_path
    return Source(values.dataset, Path(place), values.augmentation)


def _files(values: Namespace) -> Files:
    return Files(
        folder=Path(values.result_path),
        # The release's first example has a slash before the name.
        stem=values.log.strip("/"),
        prefix=values.prefix,
        every=values.save_frequency,
        named=f"{values.model.lower()}_{values.bits}-{values.bits_a}bit",
        progress=values.progress,
        resume=values.resume,
        states=values.resume_states,
    )
