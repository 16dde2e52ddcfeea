"""Neither the CPU's caches nor its approximations decide TensorFlow's bytes."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import determinism_samples as samples
import keras
import numpy as np
import pytest
import tensorflow as tf

from harness.errors import HarnessError
from harness.rerun.emulator import Emulator
from reproductions.shunt import cache_sizes
from reproductions.shunt.determinism import settle

settle()

FIRST = cache_sizes.SIZES[0]
LIBRARY = Path(tf.__file__).parent / cache_sizes.LIBRARIES[1]


def told(word, before=()):
    """Return what the program of the samples prints in a process of its own."""
    done = subprocess.run(
        [*before, sys.executable, samples.__file__, str(word)],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@cache
def settled():
    """Return the digests of this machine."""
    return told(FIRST)


@pytest.mark.parametrize("kibibytes", [48, 64])
def test_another_cache_gives_other_sums(kibibytes):
    """With a larger first cache every long sum differs, and what is no sum does not."""
    here, other = settled(), told(kibibytes * 1024)

    differing = {name for name, digest in here.items() if other[name] != digest}
    assert differing == {*samples.products(), "trained"}


def test_bytes_are_those_of_another_cpu():
    """An emulated AMD with a first cache of 64 KiB gives every byte of this machine.

    Also of the flatbuffers, and of what LiteRT answers by them.
    """
    try:
        emulator = Emulator.find()
    except HarnessError as error:
        pytest.skip(str(error))

    assert told(FIRST, emulator.command("max", [])) == settled()


def test_settling_late_is_refused():
    """After an operation Eigen has asked the CPU, and what it was told is said."""
    said = told("late")

    assert "libtensorflow_cc.so.2 already works with the cache sizes (" in said
    assert "before any operation" in said


def test_settling_twice_changes_nothing():
    """A process may settle again, also after operations, with the same results."""
    x = samples.drawn(8, samples.WIDE)
    settle(3)
    first = tf.matmul(x, x, transpose_b=True) + tf.random.normal((8, 8))
    settle(3)
    second = tf.matmul(x, x, transpose_b=True) + tf.random.normal((8, 8))

    np.testing.assert_array_equal(first, second)


def test_chance_needs_a_seed():
    """Without a seed an operation with chance is an error, and no source of other bytes."""
    tf.random.set_seed(None)
    settle()

    with pytest.raises(RuntimeError, match="seed"):
        tf.random.normal((2,))


def test_one_thread_computes():
    """Neither an operation nor a graph is shared between threads."""
    assert tf.config.threading.get_intra_op_parallelism_threads() == 1
    assert tf.config.threading.get_inter_op_parallelism_threads() == 1


def test_graph_divides_and_takes_roots_exactly():
    """A graph's quotients and inverse roots are those of IEEE 754, as NumPy's are."""
    x = np.abs(samples.drawn(4099, seed=7)) + np.float32(1e-3)
    one, three, seven = np.float32([1, 3, 7])
    expected = [one / np.sqrt(x), x / np.sqrt(x + one), x / three, seven / x]

    for found, wanted in zip(samples.quotients(tf.constant(x)), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_root_of_adam_is_exact():
    """The first step of Adam is that of its formula, rounded as NumPy rounds it."""
    gradient = samples.drawn(999, seed=8)
    weight = keras.Variable(np.zeros(999, np.float32))
    optimiser = keras.optimizers.Adam(1e-3)
    optimiser.apply([tf.constant(gradient)], [weight])

    mean, square = (np.asarray(optimiser.variables[place]) for place in (2, 3))
    rate = np.float32(1e-3) * np.sqrt(np.float32(1) - np.float32(0.999))
    rate /= np.float32(1) - np.float32(0.9)
    wanted = -(mean * rate) / (np.sqrt(square) + np.float32(1e-7))
    np.testing.assert_array_equal(weight, wanted)


def test_sizes_are_written_for_every_library():
    """Both libraries work with the fixed sizes; other ones are refused from then on."""
    for name in cache_sizes.LIBRARIES:
        assert len(cache_sizes.symbols(LIBRARY.with_name(name), cache_sizes._BYTES)) == 2

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache_sizes, "SIZES", (1, 2, 3))
        with pytest.raises(HarnessError, match=rf"the cache sizes \({FIRST}, "):
            cache_sizes.fix_cache_sizes()
    cache_sizes.fix_cache_sizes()


@pytest.mark.parametrize("wanted", [{b"_no_such_variable": 8}, {cache_sizes._VALUE: 8}])
def test_missing_variable_is_refused(wanted):
    """A variable that is not there, or of another size, is named with what it means."""
    with pytest.raises(HarnessError, match="results depend on the sizes of the CPU's caches") as e:
        cache_sizes.symbols(LIBRARY, wanted)

    assert next(iter(wanted)).decode() in e.value.message


def test_missing_library_is_refused(monkeypatch):
    """A TensorFlow without one of the libraries is refused."""
    monkeypatch.setattr(cache_sizes, "LIBRARIES", ("libnothing.so",))

    with pytest.raises(HarnessError, match=r"libnothing\.so: No such file"):
        cache_sizes.fix_cache_sizes()


def test_strange_library_is_refused(tmp_path, monkeypatch):
    """A file of another format is refused."""
    path = tmp_path / "lib.so"
    path.write_bytes(bytes(100))
    monkeypatch.setattr(cache_sizes, "LIBRARIES", (str(path),))

    with pytest.raises(HarnessError, match=r"lib\.so is no 64-bit ELF file"):
        cache_sizes.fix_cache_sizes()


def test_library_that_is_not_loaded_is_refused(tmp_path, monkeypatch):
    """A library of the right content that this process does not use is not written to."""
    path = tmp_path / "lib.so"
    path.symlink_to("/proc/self/exe")
    monkeypatch.setattr(cache_sizes, "LIBRARIES", (str(path),))
    monkeypatch.setattr(cache_sizes, "symbols", lambda *_: dict.fromkeys(cache_sizes._BYTES, 0))

    with pytest.raises(HarnessError, match=r"lib\.so is not loaded"):
        cache_sizes.fix_cache_sizes()
