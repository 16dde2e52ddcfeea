"""Members of an ensemble as files, and the bytes of what is made."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ensemble_gluon_samples import COMPILED, WIDTHS, ensemble, images
from mxnet import nd

from harness.errors import HarnessError
from reproductions.ensemble_kd.gluon.determinism import settle
from reproductions.ensemble_kd.gluon.export import export, read_exported
from reproductions.ensemble_kd.leaving import params_file
from reproductions.ensemble_kd.params.quantisation import PUBLISHED, Quantisation

HERE = Path(__file__).parent
FORMS = [Quantisation(), Quantisation(**PUBLISHED), Quantisation(activations="pact")]


@pytest.mark.parametrize("asked", FORMS, ids=["corrected", "published", "pact"])
@pytest.mark.parametrize("bits", WIDTHS)
def test_an_exported_member_answers_the_same(bits, asked, tmp_path):
    """MXNet reads the files without this project's blocks and gives equal logits, compiled too."""
    network = ensemble(quantisation=asked)
    read = read_exported(*export(network, bits, tmp_path / "member"))
    expected = network.member(bits)(images()).asnumpy()

    np.testing.assert_array_equal(read(images()).asnumpy(), expected)
    read.hybridize(**COMPILED)
    np.testing.assert_array_equal(read(images()).asnumpy(), expected)


def test_exported_parameters_keep_their_names(tmp_path):
    """The file has the shared values and the member's own, and nothing of another member."""
    network = ensemble()
    _, numbers = export(network, 4, tmp_path / "member")
    found = params_file.read(numbers)

    names = {name.partition(":")[2] for name in found}
    assert names == {*network.shared, *network.private(4)}
    assert "aux:bits4.stage1.block1.bn.mean" in found


def test_a_second_export_has_equal_bytes(tmp_path):
    """What a process has exported before leaves no trace in the files."""
    network = ensemble()
    first = [path.read_bytes() for path in export(network, 2, tmp_path / "one")]
    export(network, 8, tmp_path / "between")

    assert [path.read_bytes() for path in export(network, 2, tmp_path / "two")] == first


def test_a_member_that_is_not_there_is_not_exported(tmp_path):
    """The error names the widths; no file is written."""
    with pytest.raises(HarnessError, match="no member of 3 bits"):
        export(ensemble((8,)), 3, tmp_path / "member")
    assert not list(tmp_path.iterdir())


def test_settling_seeds_the_draws_of_mxnet():
    """The same seed gives the same numbers, another one others."""
    drawn = []
    for seed in (3, 3, 4):
        settle(seed)
        drawn.append(nd.random.uniform(shape=5).asnumpy().tolist())

    assert drawn[0] == drawn[1] != drawn[2]


def test_two_processes_give_equal_bytes(tmp_path):
    """First values, values after three steps, and every exported file."""
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    said = []
    for number in "12":
        folder = tmp_path / number
        folder.mkdir()
        variables = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": number}
        command = [sys.executable, str(HERE / "ensemble_bytes_script.py"), str(folder)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
        said.append(done.stdout.splitlines())

    assert len(said[0]) == 12
    assert said[0] == said[1]
