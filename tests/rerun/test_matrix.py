"""The whole matrix: every value of every variation."""

import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from harness.rerun.matrix import rounds, worse

OUTCOMES = st.sampled_from(["exact", "not at fault", "different: because"])
SHORT = """
import sys
from harness.rerun import matrix
chosen = {name: matrix.VARIATIONS[name] for name in ("hashseed", "path")}
matrix.VARIATIONS = chosen
sys.exit(matrix.main())
"""


@given(
    st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from("12345"), unique=True)),
)
def test_every_value_is_in_force_in_some_round(values):
    """Each value stands in a round, each round has one of every variation, and none is idle."""
    planned = rounds(values)

    had = {name: choices for name, choices in values.items() if choices}
    for name, choices in had.items():
        assert {one[name] for one in planned} == set(choices)
    assert len(planned) == max(map(len, had.values()), default=0)


@given(st.lists(st.dictionaries(st.sampled_from("ab"), OUTCOMES), max_size=4))
def test_a_difference_is_never_covered_by_another_round(outcomes):
    """What came out different in any round is different in the table."""
    found = {}
    for one in outcomes:
        found = worse(found, one)

    for name in "ab":
        said = [one[name] for one in outcomes if name in one]
        assert found.get(name, "").startswith("different") == any(
            word.startswith("different") for word in said
        )


def test_matrix_tells_a_difference_and_its_culprit(toy):
    """A step that depends on its path differs under that value, and no other value is blamed."""
    toy.edit(
        "reproductions/toy/numbers.py",
        '    outputs.arrays("values", {"values": values / params.epochs})',
        "    import os\n"
        '    values[0] = float("goes on" in os.getcwd())\n'
        '    outputs.arrays("values", {"values": values})',
    )
    toy.harness("compile", check=0)
    toy.harness("repro", "toy/numbers")
    toy.commit()

    done = subprocess.run(
        [sys.executable, "-c", SHORT],
        cwd=toy.root, env=toy.variables(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    lines = done.stdout.splitlines()[1:]
    outcomes = dict(re.split(r"  +", line, maxsplit=1) for line in lines)
    blamed, other = sorted(outcomes, key=lambda name: name.startswith("hashseed"))
    assert done.returncode == 1
    assert outcomes[blamed].startswith("different: it differs because of path=")
    assert outcomes[other].strip() == "not at fault"
