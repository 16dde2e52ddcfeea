"""Trainings in the environments of the frameworks, run as DVC runs a stage."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.environment import Environments
from harness.formats import arrays, rows
from harness.rerun.emulator import CPUS
from harness.rerun.evidence import FOLDER, read
from harness.spec.files import SpecFiles
from harness.stage.digest import file_digest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
SPECS = SpecFiles.read(ROOT / "specs").environments()
# Scores have had a column more since the evidence was taken; weights and losses are the same.
GROWN = re.compile(r"/(teacher|students)/scores/")
STAGES = {"keras": "tensorflow", "gluon": "mxnet"}
# What a training in Keras needs to give its bytes on every CPU.
SHUNT = ("__init__.py", "cache_sizes.py", "determinism.py", "normalisation.py")
EVIDENCE = {path.stem: path for path in sorted((HERE / "project" / FOLDER).glob("*.json"))}
STRAY = {
    "PYTHONPATH": "/nowhere",
    "PYTHONHASHSEED": "7",
    "PYTHONSTARTUP": "/nowhere/start.py",
    "OMP_NUM_THREADS": "7",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "DNNL_MAX_CPU_ISA": "AVX512_CORE",
    "LD_BIND_NOW": "1",
    "LC_ALL": "tr_TR.UTF-8",
    "TZ": "Asia/Kolkata",
    "DVC_STUDIO_URL": "nowhere",
    "HYDRA_FULL_ERROR": "1",
    "MXNET_SEED": "7",
    "A_STRAY_ONE": "1",
}
ALWAYS = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def planned(name):
    """Return an environment of the project as a plan holds it."""
    spec = SPECS[name]
    return spec.planned()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a compiled project with one stage a framework; its environments are the repository's."""
    root = tmp_path_factory.mktemp("frameworks") / "project"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "project", root, ignore=ignore)
    for package in ("harness", "reproductions/nonn"):
        shutil.copytree(ROOT / package, root / package, ignore=ignore)
    for shared in (ROOT / "reproductions").glob("*.py"):
        shutil.copy(shared, root / "reproductions")
    (root / "reproductions" / "shunt").mkdir()
    for name in SHUNT:
        shutil.copy(ROOT / "reproductions" / "shunt" / name, root / "reproductions" / "shunt")
    shutil.copytree(ROOT / "environments", root / "environments")
    for folder in ("environment", "dataset"):
        (root / "specs" / folder).mkdir()
    shutil.copy(ROOT / "specs" / "dataset" / "digits.yaml", root / "specs" / "dataset")
    for name in ("harness", "torch", *STAGES.values()):
        shutil.copy(ROOT / "specs" / "environment" / f"{name}.yaml", root / "specs" / "environment")
    (root / ".harness").mkdir()
    environments = Environments(ROOT)
    environments.home.mkdir(parents=True, exist_ok=True)
    (root / ".harness" / "environments").symlink_to(environments.home)
    run(root, sys.executable, "-m", "harness", "compile", PYTHONPATH=str(root))
    return root


def run(root, *command, **more):
    """Run a command that must succeed, with few variables and `more`, and return what it did."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = {"PATH": path, "HOME": str(root.parent), **more}
    done = subprocess.run(
        command, cwd=root, env=variables, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module", params=STAGES)
def twice(project, request):
    """Give a stage's name, and its outputs and messages of two processes; the second has strays."""
    found = []
    for stray in ({}, STRAY):
        done = run(project, "python3", "-m", "harness.stage", "frameworks", request.param, **stray)
        folder = project / "artifacts" / "smoke" / "frameworks" / request.param
        kept = folder.rename(project / f"{request.param}-{len(found)}")
        found.append((kept, done.stderr))
    return request.param, found


@pytest.fixture(scope="module")
def trained(project):
    """Give the folder of the stages, with a network of each framework trained in it."""
    state = {"DVC_SITE_CACHE_DIR": str(project.parent / "dvc"), "DVC_NO_ANALYTICS": "true"}
    run(project, "dvc", "init", "-q", "--no-scm", **state)
    names = ("frameworks-network", "frameworks-keras-network", "frameworks-students")
    run(project, "dvc", "repro", "-q", *names, **STRAY, **state)
    return project / "artifacts" / "smoke" / "frameworks"


@pytest.mark.parametrize("name", ["mxnet", "tensorflow"])
def test_environment_imports_what_its_spec_names(name):
    """The environment is built from its lock and imports every module that its spec names."""
    python = Environments(ROOT).python(planned(name))
    modules = SPECS[name].imports

    done = subprocess.run(
        [python, "-c", "".join(f"import {module}\n" for module in modules)],
        env={"PATH": os.environ["PATH"], **SPECS[name].variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert modules
    assert done.returncode == 0, done.stderr


def test_two_processes_train_the_same_bytes(twice):
    """One step of training gives the same weights in two processes, whatever the shell holds."""
    _, ((first, _), (second, _)) = twice

    assert (first / "weights.safetensors").read_bytes() == (
        second / "weights.safetensors"
    ).read_bytes()


@pytest.mark.parametrize(("stage", "epochs"), [("network", 4), ("keras-network", 3)])
def test_network_learned(trained, stage, epochs):
    """A training of few epochs ends with half of its first loss and most test images right."""
    history = rows.read(trained / stage / "history.csv")

    assert len(history) == epochs
    assert history[-1]["loss"] < history[0]["loss"] / 2
    assert history[-1]["accuracy"] > 75


@pytest.mark.parametrize("cpu", EVIDENCE)
def test_bytes_are_those_of_an_emulated_cpu(trained, project, cpu):
    """Whole trainings leave on this machine the files that the evidence has of another CPU."""
    evidence = read(EVIDENCE[cpu])

    here = {
        path: file_digest(project / path, "sha256")
        for stage in evidence.stages.values()
        for path in stage.files
        if not GROWN.search(path)
    }
    there = {
        path: file.sha256
        for stage in evidence.stages.values()
        for path, file in stage.files.items()
        if not GROWN.search(path)
    }
    assert trained.is_dir()
    assert here == there


def test_another_cache_has_evidence():
    """A CPU with a larger first cache trained in TensorFlow, which asks for that size."""
    (stage,) = read(EVIDENCE["max"]).stages.values()

    assert stage.environment == "tensorflow"
    assert stage.equal


@pytest.mark.parametrize("cpu", CPUS)
def test_every_environment_has_evidence(cpu):
    """Both emulated CPUs trained in every environment of class `bytes`."""
    evidence = read(EVIDENCE[cpu])

    assert {stage.environment for stage in evidence.stages.values()} == {
        # In tvm's nothing is trained: what runs there is recorded.
        name
        for name, spec in SPECS.items()
        if spec.equality == "bytes" and name != "tvm"
    }


def test_step_trained_its_layer(twice):
    """The weights are finite, and the bias has moved from its zeros."""
    _, ((first, _), _) = twice

    weights = arrays.read_weights(first / "weights.safetensors")

    assert sorted(weights) == ["bias", "kernel"]
    assert all(np.isfinite(tensor).all() for tensor in weights.values())
    assert np.abs(weights["bias"]).min() > 0


def test_process_has_the_variables_of_its_spec_and_no_strays(twice, project):
    """The process has the fixed variables and its environment's own, the same under any shell."""
    stage, found = twice
    first, second = (json.loads((kept / "process.json").read_bytes()) for kept, _ in found)

    variables = second["variables"]
    own = SPECS[STAGES[stage]].variables
    strays = set(STRAY) - set(ALWAYS) - set(own) - {"PYTHONPATH"}
    assert variables.items() >= {**ALWAYS, **own, "PYTHONPATH": str(project)}.items()
    assert not strays & set(variables)
    assert first == second
    assert second["umask"] == 0o022
    assert "/nowhere" not in second["path"]


def test_framework_adds_no_noise(twice):
    """What a user sees of a stage are the harness's own lines."""
    stage, found = twice

    for _, said in found:
        assert [line for line in said.splitlines() if not line.startswith("frameworks/")] == []
        assert f"frameworks/{stage}" in said
