"""The variables of a stage's process: the same for everybody, whatever the user's shell holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

UMASK = 0o022

# What a stage may see of the user's shell. None of it reaches a byte of an output.
_KEPT = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT", "NO_COLOR", "CUDA_VISIBLE_DEVICES")

FIXED: Mapping[str, str] = {
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    # The number of threads and the CPU dispatch level change the order of additions.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    # What NumPy 2.4 dispatches beyond AVX2; other code paths give other bytes of exp and log.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}


def stage_variables(
    shell: Mapping[str, str], own: Mapping[str, str], root: Path, state: Path
) -> dict[str, str]:
    """Return all variables of a stage's process.

    Parameters
    ----------
    shell
        The variables of the user's shell, of which a few are kept.
    own
        The variables of the stage's environment, over the fixed ones.
    root
        The project, from which the process imports the harness and the reproductions.
    state
        The harness's own folder, where matplotlib keeps its list of fonts.
    """
    kept = {name: shell[name] for name in _KEPT if name in shell}
    places = {"PYTHONPATH": str(root), "MPLCONFIGDIR": str(state / "matplotlib")}
    return {**kept, **FIXED, **own, **places}
