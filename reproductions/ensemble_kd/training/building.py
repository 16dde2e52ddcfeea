"""The networks of a training, in their initial state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from harness.errors import HarnessError
from harness.formats.arrays import Array
from harness.stage.inputs import Inputs
from harness.stage.run import Run
from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.gluon.ensemble import Ensemble
from reproductions.ensemble_kd.gluon.teachers import build_teacher
from reproductions.ensemble_kd.initial import initial_values
from reproductions.ensemble_kd.params.ensemble import EnsembleParams, Guide, Initialisation
from reproductions.ensemble_kd.params.network import Network
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.params.teachers import Teacher
from reproductions.ensemble_kd.quantisation.member import resolve_all
from reproductions.ensemble_kd.training.learner import Learner, check_classes

_NAMES = ("teacher", "teacher_t")
_GIVEN = ("start", "teacher", "ensemble_teacher")

Given = Mapping[str, Mapping[str, Array]]
"""Values by the names of inputs: `start`, `teacher` and `ensemble_teacher`, each where it is."""


def given_by(inputs: Inputs) -> Given:
    """Return the values among `inputs`."""
    return {name: inputs.weights(name) for name in _GIVEN if name in inputs}


def build_ensemble(
    network: Network,
    widths: Sequence[int],
    quantisation: Quantisation,
    generator: Any,
    method: Initialisation = "gaussian",
) -> Ensemble:
    """Return an ensemble whose first values `generator` draws, compiled at its first call."""
    description = describe(network, rebuilt_input=quantisation.rebuilt_input)
    members = resolve_all(widths, quantisation)
    first = initial_values(description, widths, members, generator, method)
    ensemble = Ensemble(description, members, quantisation, first)
    compiled(ensemble)
    return ensemble


def compiled(network: Any) -> Any:
    """Return `network`, to be compiled at its first call."""
    network.hybridize(static_alloc=True, static_shape=True)
    return network


def quantised_names(network: Network) -> tuple[str, ...]:
    """Return the names of the shared parameters that members quantise."""
    return tuple(layer.weight for layer in describe(network).quantised)


def build_chain(params: EnsembleParams, given: Given, run: Run) -> list[Learner]:
    """Return the ensemble of `params`, its teacher, and that one's teacher.

    `start` gives the ensemble's first values, where it is there.

    Raises
    ------
    HarnessError
        Given values are missing, or not of their network.
    """
    guide = params.teacher
    pupil = Learner(
        "ensemble",
        build_ensemble(
            params.network,
            params.widths,
            params.quantisation,
            run.generator("initial"),
            params.initialisation,
        ),
        params.widths,
        params.teaching,
        params,
        internal=guide is not None and guide.mode == "internal",
        quantised=quantised_names(params.network),
    )
    if "start" in given:
        pupil.assign(given["start"], "the input 'start'")
    chain = [pupil]
    ahead = guide.ahead if guide else 0
    for name in _NAMES:
        if guide is None or guide.mode == "internal":
            break
        chain.append(_teacher(name, guide, params, given, run.generator("initial", name), ahead))
        guide = guide.teacher
    return chain


def _teacher(
    name: str, guide: Guide, params: EnsembleParams, given: Given, generator: Any, ahead: int
) -> Learner:
    if guide.ensemble is not None:
        how, first = guide.ensemble.quantisation, params.initialisation
        network = build_ensemble(params.network, guide.widths, how, generator, first)
    elif guide.network is not None:
        network = build_single(guide.network, params.network, generator)
    along = guide.training
    training = along.training(params.epochs + ahead, params.batch_size) if along else None
    learner = Learner(name, network, guide.widths, guide.teaching, training)
    if along is None:
        source = input_of(guide)
        check_classes(given[source], params.network.classes, f"the input '{source}'")
        learner.assign(given[source], f"the input '{source}'")
    return learner


def build_single(teacher: Teacher, network: Network, generator: Any) -> Any:
    """Return a teacher that is no ensemble, for the images and classes of `network`."""
    return compiled(
        build_teacher(
            teacher.kind,
            network.classes,
            network.image_size,
            network.image_channels,
            teacher.width,
            generator,
        )
    )


def input_of(guide: Guide) -> str:
    """Return the name of the input that has the values of a frozen teacher."""
    return "teacher" if guide.ensemble is None else "ensemble_teacher"


def check_given(trainings: Sequence[EnsembleParams], given: Collection[str]) -> None:
    """Refuse values that none of the `trainings` uses, and the lack of those that they do.

    `given` are their names, those of inputs.

    Raises
    ------
    HarnessError
        It names the input.
    """
    wanted = {name for params in trainings for name in _wanted(params.teacher)}
    for name in ("teacher", "ensemble_teacher"):
        if name in wanted and name not in given:
            raise HarnessError(
                f"the frozen teacher's values, the input '{name}', are not there",
                f"give the stage the input {name}, or train the teacher along",
            )
        if name in given and name not in wanted:
            raise HarnessError(
                f"the input '{name}' is there, and no frozen teacher that it would be of",
                "set teacher.mode to 'frozen', or take the input away",
            )


def _wanted(guide: Guide | None) -> set[str]:
    """Return the names of the inputs that hold the values of frozen teachers."""
    if guide is None:
        return set()
    own = {input_of(guide)} if guide.mode == "frozen" else set()
    return own | _wanted(guide.teacher)
