"""The command line for those who move away from MXNet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats import jsonfile
from harness.formats.arrays import Array, write_weights
from harness.formats.atomic import write_bytes
from harness.reason import reason
from reproductions.ensemble_kd.leaving import params_file
from reproductions.ensemble_kd.leaving.names import canonical
from reproductions.ensemble_kd.leaving.source import Source
from reproductions.ensemble_kd.leaving.to_torch import to_torch
from reproductions.ensemble_kd.params.convert import ConvertParams

_ABOUT = """\
Convert the parameters of an ensemble, saved by MXNet, to PyTorch or ONNX. MXNet is not needed.

NETWORK is a file of JSON that says what was trained, for example
  {"network": {"classes": 10, "image_size": 32, "image_channels": 3, "width": 1.0},
   "widths": [32, 8, 4, 2, 1],
   "quantisation": {"weights": "dorefa", "activations": "round"}}
Fields that are left out have the defaults of the training.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status and say on standard error what went wrong."""
    asked = _parser().parse_args(arguments)
    try:
        for path in run(asked.file, asked.network, asked.to, asked.out):
            print(path)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    return 0


def run(file: Path, network: Path, target: str, out: Path) -> list[Path]:
    """Convert `file`, and return the paths of what was written.

    Parameters
    ----------
    target
        ``torch``: `out` becomes a state dict in safetensors. ``onnx``: `out` becomes a folder with
        ``bits8.onnx`` and so on.

    Raises
    ------
    HarnessError
        A file cannot be read or written, or the values are not of the network.
    """
    source = Source.of(read_network(network), str(file))
    values = canonical(params_file.read(file), file)
    source.check(values)
    if target == "torch":
        contents = None
        paths = [out]
    else:
        contents = _models(values, source)
        paths = [out / name for name in contents]
    try:
        if contents is None:
            write_weights(out, to_torch(values, source))
        else:
            out.mkdir(parents=True, exist_ok=True)
            for name, content in contents.items():
                write_bytes(out / name, content)
    except OSError as error:
        raise HarnessError(f"{out}: cannot be written: {error}", "give another --out") from error
    return paths


def read_network(path: Path) -> ConvertParams:
    """Return the ensemble that the file `path` describes.

    Raises
    ------
    HarnessError
        It is no such file; the message lists all that is wrong with it.
    """
    value = jsonfile.read(path)
    try:
        return ConvertParams.model_validate_json(jsonfile.dumps(value))
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(map(str, fault['loc'])) or 'the whole'}: {reason(fault)}"
            for fault in error.errors()
        ]
        remedy = "correct the file; --help shows an example"
        raise HarnessError("\n".join(lines), remedy) from error


def _models(values: Mapping[str, Array], source: Source) -> dict[str, bytes]:
    if find_spec("onnx") is None:
        raise HarnessError(
            "--to onnx needs the package 'onnx', which is not installed here",
            "install it, or run this in an environment that has it",
        )
    from reproductions.ensemble_kd.leaving.to_onnx import to_onnx

    return {f"bits{member.bits}.onnx": to_onnx(values, source, member) for member in source.members}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reproductions.ensemble_kd.leaving",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE.params", help="what MXNet has saved")
    parser.add_argument("--network", type=Path, required=True, help="what was trained, as JSON")
    parser.add_argument("--to", choices=("torch", "onnx"), required=True, help="for what")
    parser.add_argument(
        "--out", type=Path, required=True,
        help="for torch the file of safetensors to write, for onnx the folder",
    )  # fmt: skip
    return parser
