"""Deploying in an environment that cannot."""

import pytest
from framework_samples import small, written

from harness.errors import HarnessError
from reproductions.nonn import NoNN


@pytest.mark.parametrize("runtime", ["tvm_rpc", "onnxruntime"])
def test_an_environment_without_tvm(images, tmp_path, monkeypatch, runtime):
    """Where TVM is not installed, the message names the environment and how to get it."""
    monkeypatch.chdir(tmp_path)
    short = [(name, {"epochs": 1}) for name in ("teacher", "student")]
    nonn = NoNN(config_file=written(small(images, *short), tmp_path))
    nonn.create_teacher()
    nonn.teacher.execute()
    nonn.create_student()
    nonn.student.train_model()

    with pytest.raises(HarnessError, match="no tvm") as refused:
        nonn.student.deploy(runtime=runtime)
    assert "harness env tvm" in refused.value.remedy
