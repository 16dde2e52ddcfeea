"""The sum of the numbers of all seeds."""

from reproductions.toy.arithmetic import add
from reproductions.toy.params import Total


def add_up(inputs, params: Total, outputs, run) -> None:
    """Write one row with the count and the sum."""
    values = [inputs.arrays("numbers", seed)["values"] for seed in inputs.seeds("numbers")]
    total = add([float(number) for array in values for number in array])
    outputs.rows("rows", [{"name": params.name, "count": len(values[0]), "total": total}])
