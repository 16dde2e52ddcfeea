"""The networks of a run, in their initial state; needs MXNet."""

from __future__ import annotations

from typing import Any

from harness.stage.run import Run
from reproductions.ensemble_kd.cli.plan import ENSEMBLE, Plan, TeacherPlan
from reproductions.ensemble_kd.cli.preparation import Ready, teacher_quantisation
from reproductions.ensemble_kd.cli.values import Given
from reproductions.ensemble_kd.params.quantisation import FULL, Quantisation
from reproductions.ensemble_kd.params.teachers import Teacher
from reproductions.ensemble_kd.params.teaching import Teaching
from reproductions.ensemble_kd.training.building import (
    build_ensemble,
    build_single,
    quantised_names,
)
from reproductions.ensemble_kd.training.learner import Chain, Learner, check_classes

PUPIL, TEACHER, ABOVE = "ensemble", "teacher", "teacher_t"
"""The names of the learners: the ensemble, its teacher, and that one's."""


def build_chain(ready: Ready, quantisation: Quantisation, run: Run) -> list[Learner]:
    """Return the learners, the pupil first; a teacher that is trained alone is the pupil.

    Parameters
    ----------
    quantisation
        Of the ensemble in this stage.

    Raises
    ------
    HarnessError
        The values of a teacher are not of its network, or it has no member for one of the pupil's.
    """
    plan = ready.plan
    chain = [] if plan.alone else [_pupil(ready, quantisation, run)]
    teacher, names = plan.teacher, [TEACHER, ABOVE]
    for name, given in zip(names, (*ready.teachers, None, None), strict=False):
        if teacher is None:
            break
        chain.append(_teacher(name, teacher, given, ready, run))
        teacher = teacher.teacher
    Chain(chain)  # refuses teachers that do not fit
    return chain


def _pupil(ready: Ready, quantisation: Quantisation, run: Run) -> Learner:
    plan = ready.plan
    network = build_ensemble(
        ready.network, plan.widths, quantisation, run.generator("initial"), plan.initialization
    )
    learner = Learner(
        PUPIL,
        _as_asked(network, plan),
        plan.widths,
        plan.teaching,
        plan.training,
        internal=plan.internal,
        quantised=quantised_names(ready.network),
    )
    if ready.start is not None:
        learner.assign(ready.start.values, ready.start.place)
    return learner


def _teacher(
    name: str, teacher: TeacherPlan, given: Given | None, ready: Ready, run: Run
) -> Learner:
    plan, generator = ready.plan, run.generator("initial", name)
    widths: tuple[int, ...] = (FULL,)
    network: Any
    if teacher.kind == ENSEMBLE:
        widths = ready.teacher_widths
        how = teacher_quantisation(plan)
        network = build_ensemble(ready.network, widths, how, generator, plan.initialization)
    else:
        form = Teacher(kind=teacher.kind, width=teacher.width)
        network = build_single(form, ready.network, generator)
    teaching = _taught(plan.teaching, teacher)
    learner = Learner(name, _as_asked(network, plan), widths, teaching, teacher.training)
    if given is not None:
        check_classes(given.values, ready.network.classes, given.place)
        learner.assign(given.values, given.place)
    return learner


def _taught(teaching: Teaching, teacher: TeacherPlan) -> Teaching:
    """Return how a teacher learns from its own: as the pupil does, but for the mode."""
    return teaching.model_copy(update={"mode": teacher.mode, "attention": None})


def _as_asked(network: Any, plan: Plan) -> Any:
    """Return `network`, compiled at its first call or computed piece by piece (--mode)."""
    if not plan.hybrid:
        network.hybridize(False)
    return network
