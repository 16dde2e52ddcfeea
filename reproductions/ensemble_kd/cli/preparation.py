"""Everything that a run needs, read and checked before anything is written; no framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.errors import HarnessError
from harness.stage.checkpoint import Saved
from reproductions.ensemble_kd.architecture.counts import count
from reproductions.ensemble_kd.architecture.description import Description, describe
from reproductions.ensemble_kd.cli.images.opening import Images, open_images
from reproductions.ensemble_kd.cli.plan import ENSEMBLE, Plan, TeacherPlan
from reproductions.ensemble_kd.cli.values import Given, check_ensemble, read_given, read_states
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.member import Member, resolve_all

THUMBNAIL = "the images are small: the first layer is one 3x3 convolution, whatever was asked for"


@dataclass(frozen=True, eq=False)
class Ready:
    """A run that can begin.

    Parameters
    ----------
    start
        The values that the pupil begins with; None for new ones.
    states
        What an interrupted run goes on from.
    teachers
        For each teacher outside of the ensemble, nearest first, the values that it begins with.
    teacher_widths
        Of the members of an ensemble teacher.
    """

    plan: Plan
    images: Images
    network: Network
    start: Given | None
    states: Saved | None
    teachers: tuple[Given | None, ...]
    teacher_widths: tuple[int, ...]

    @property
    def description(self) -> Description:
        """The members' network."""
        return describe(self.network, rebuilt_input=self.plan.quantisation.rebuilt_input)

    @property
    def members(self) -> tuple[Member, ...]:
        """The members, as they are in the last stage."""
        return resolve_all(self.plan.widths, self.plan.quantisation)


def prepare(plan: Plan) -> Ready:
    """Read the images and the parameters of a plan.

    Raises
    ------
    HarnessError
        A file is missing, damaged, or of another network or of other classes.
    """
    images = open_images(plan.source, plan.seed)
    if plan.short:
        images = images.shortened(plan.training.batch_size)
    network = plan.network(images.size, images.channels, images.classes)
    teachers = [_given(teacher, name) for teacher, name in zip(_chain(plan), _NAMES, strict=False)]
    start = read_given("--resume", plan.files.resume, plan.pupil)
    if plan.alone and start is not None:
        teachers = [start]
    ready = Ready(
        plan=plan,
        images=images,
        network=network,
        start=start,
        states=read_states("--resume-states", plan.files.states) if plan.files.states else None,
        teachers=tuple(teachers),
        teacher_widths=_teacher_widths(plan, teachers),
    )
    _check(ready)
    return ready


_NAMES = ("teacher", "teacher_t")


def _chain(plan: Plan) -> list[TeacherPlan]:
    found, teacher = [], plan.teacher
    while teacher is not None:
        found.append(teacher)
        teacher = teacher.teacher
    return found


def _given(teacher: TeacherPlan, name: str) -> Given | None:
    if name != _NAMES[0]:
        return read_given("--tt-params", teacher.params, name)
    flag = "--teacher-params" if teacher.training is None else "--teacher-resume"
    # An ensemble that teaches may have been a pupil before.
    learner = ENSEMBLE if teacher.kind == ENSEMBLE else name
    return read_given(flag, teacher.params, learner)


def _teacher_widths(plan: Plan, teachers: Sequence[Given | None]) -> tuple[int, ...]:
    """Return the widths of an ensemble teacher: those of its file, or the pupil's."""
    if plan.teacher is None or plan.teacher.kind != ENSEMBLE or not teachers[0]:
        return plan.widths
    found = teachers[0].widths
    if not found:
        raise HarnessError(
            f"{teachers[0].place}: it has no values of an ensemble's members",
            "give parameters that a training of an ensemble has written",
        )
    # The order of the pupil's where both have the same members.
    return plan.widths if set(found) == set(plan.widths) else found


def _check(ready: Ready) -> None:
    """Raise HarnessError unless all that was read belongs together."""
    plan = ready.plan
    description = ready.description
    if not plan.alone and ready.start is not None:
        check_ensemble(ready.start, description, ready.members)
    if plan.teacher is not None and plan.teacher.kind == ENSEMBLE and ready.teachers[0]:
        members = resolve_all(ready.teacher_widths, teacher_quantisation(plan))
        check_ensemble(ready.teachers[0], description, members)
    if ready.states is not None:
        _check_states(ready, ready.states)


def teacher_quantisation(plan: Plan) -> Quantisation:
    """Return how an ensemble teacher is quantised: as the pupil, with full-precision weights."""
    return plan.quantisation.model_copy(update={"full_weights": True})


def _check_states(ready: Ready, states: Saved) -> None:
    place = f"--resume-states {ready.plan.files.states}"
    if states.done != ready.plan.start:
        raise HarnessError(
            f"{place}: it is of {states.done} epochs, and --start-epoch says {ready.plan.start}",
            f"give --start-epoch {states.done}",
        )
    assert ready.start is not None
    start = f"values.{ready.plan.pupil}."
    own = {f"{start}{name}": value for name, value in ready.start.values.items()}
    differ = [
        name
        for name, value in own.items()
        if name not in states.tensors or not np.array_equal(states.tensors[name], value)
    ]
    if differ:
        raise HarnessError(
            f"{place}: it is not of the parameters in --resume {ready.plan.files.resume}: "
            f"{differ[0].removeprefix(start)} is another",
            "give the two files that were written together",
        )


def summary(ready: Ready) -> list[str]:
    """Return what is going to be trained, a line each."""
    plan, images, description = ready.plan, ready.images, ready.description
    size = f"{images.size}x{images.size}x{images.channels}"
    lines = [
        f"images: {plan.source.dataset}, {size}, {images.classes} classes",
        f"{len(images.train)} images to train on, {len(images.test)} to test on",
    ]
    if ready.network.stem == "thumbnail":
        lines.append(THUMBNAIL)
    if not plan.alone:
        counts = count(description)
        lines.append(
            f"network: resnet18_e1, {counts.quantised} quantised weights, "
            f"{counts.parameters} parameters, {counts.private} more for each further width"
        )
        lines += [_member(member) for member in ready.members]
    for number, teacher in enumerate(_chain(plan)):
        how = "frozen" if teacher.training is None else "trained along"
        lines.append(f"{_NAMES[number]}: {teacher.kind}, {'alone' if plan.alone else how}")
    return lines


def _member(member: Member) -> str:
    return (
        f"member of {member.bits} bits: weights {member.weights} ({member.weight_bits} bits), "
        f"activations {member.activations} ({member.activation_bits} bits)"
    )


def second(ready: Ready, start: Given, teacher: Given) -> Ready:
    """Return the second of two stages: it begins with the best of the first, which is frozen."""
    assert ready.plan.teacher is not None
    frozen = replace(ready.plan.teacher, training=None, teacher=None, mode="none")
    plan = replace(ready.plan, teacher=frozen)
    return replace(ready, plan=plan, start=start, teachers=(teacher,))
