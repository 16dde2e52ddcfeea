"""A store holds every width exactly, and tells of any bit that has changed."""

import numpy as np
import pytest
from ensemble_reference import SMALL, Reference
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.formats.arrays import read_weights, write_weights
from reproductions.ensemble_kd.params.quantisation import Quantisation
from reproductions.ensemble_kd.quantisation.codes import weight_codes
from reproductions.ensemble_kd.serving.store import open_store, pack

ENSEMBLE = Reference()
STORE = pack(ENSEMBLE.values, SMALL, ENSEMBLE.widths, ENSEMBLE.quantisation)


def packed(values=ENSEMBLE.values, widths=ENSEMBLE.widths, with_float=False, **quantisation):
    """Return the store of the ensemble, or of another."""
    return pack(values, SMALL, widths, Quantisation(**quantisation), with_float=with_float)


@pytest.mark.parametrize("bits", [8, 4, 2, 1])
def test_codes_are_those_of_the_float_weights(bits):
    """Every quantised weight has the same codes from the store as from its float values."""
    store = open_store(STORE)
    for layer in store.description.quantised:
        wanted = weight_codes(ENSEMBLE.values[layer.weight], bits)

        assert np.array_equal(store.codes(layer.weight, bits), wanted)


def test_codes_that_do_not_follow_are_kept():
    """A weight too small for its sign to be in the 8-bit code has its sign from the store."""
    values = dict(ENSEMBLE.values)
    name = "stage1.block1.conv.weight"
    values[name] = values[name].copy()
    values[name].reshape(-1)[[3, 70]] = -1e-30, 1e-30
    store = open_store(packed(values))

    assert store.tensors[f"exceptions1.{name}"].tolist() == [[3, 0]]
    assert np.array_equal(store.codes(name, 1), weight_codes(values[name], 1))
    assert np.array_equal(store.codes(name, 8), weight_codes(values[name], 8))


def test_everything_else_is_kept_as_it_is():
    """What is not quantised, of all members that are served, has the same float32 bits."""
    quantised = {one.weight for one in ENSEMBLE.about.quantised}
    others = {
        name: one
        for name, one in ENSEMBLE.values.items()
        if name not in quantised and not name.startswith("bits32.")
    }

    assert not {name for name in STORE if name.startswith(("bits32", "float."))}
    assert all(np.array_equal(STORE[name], one) for name, one in others.items())


def test_float_weights_are_kept_when_asked_for():
    """With float weights the member of 32 bits is served too; without, its absence is told."""
    store = open_store(packed(with_float=True))
    assert store.served == (32, 8, 4, 2, 1)
    name = "stage4.block4.conv.weight"
    assert np.array_equal(store.weights(name), ENSEMBLE.values[name])

    with pytest.raises(HarnessError, match="packed without the float weights"):
        open_store(STORE).member(32)
    with pytest.raises(HarnessError, match="does not serve 3 bits; it serves 8, 4, 2, 1"):
        open_store(STORE).member(3)


def test_file_is_the_same_in_every_writing(tmp_path):
    """A store is written to the same bytes twice, and read back as it was."""
    for place in ("one", "two"):
        write_weights(tmp_path / place, packed())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()

    again = open_store(read_weights(tmp_path / "one"))
    assert again.quantisation == ENSEMBLE.quantisation
    assert again.network == SMALL
    assert again.bytes == sum(one.nbytes for one in STORE.values())


@given(st.data())
def test_flipped_bit_is_named(data):
    """Whatever bit of a tensor is flipped, opening names the tensor and changes nothing."""
    name = data.draw(st.sampled_from(sorted(STORE)))
    content = bytearray(STORE[name].tobytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    flipped = np.frombuffer(bytes(content), STORE[name].dtype).reshape(STORE[name].shape)
    before = bytes(content)

    with pytest.raises(HarnessError, match=f"'{name}' is damaged"):
        open_store({**STORE, name: flipped}, "a.safetensors")
    assert flipped.tobytes() == before


def test_missing_swapped_and_reshaped_tensors_are_found():
    """A tensor that is missing, stands in another's place or has another shape is no store's."""
    one, other = "stage1.block1.conv.weight", "stage1.block2.conv.weight"
    with pytest.raises(HarnessError, match=f"'{one}' is damaged"):
        open_store({**STORE, one: STORE[other], other: STORE[one]})
    with pytest.raises(HarnessError, match=f"'{one}' is damaged"):
        open_store({**STORE, one: STORE[one].reshape(-1)})
    with pytest.raises(HarnessError, match="tensors and checksums"):
        open_store({name: value for name, value in STORE.items() if name != one})
    with pytest.raises(HarnessError, match="no tensor 'checksums'"):
        open_store(ENSEMBLE.values)


@pytest.mark.parametrize(
    ("widths", "quantisation", "said"),
    [
        ((8, 3), {}, "3 bits cannot be packed: its codes do not follow"),
        ((8, 4), {"activations": "pact"}, "activations 'pact'"),
        ((8, 4), {"activations": "dorefa"}, "activations 'dorefa'"),
        ((8, 1), {"scaling": "xnor"}, "scaling 'xnor' needs the float weights"),
        ((32,), {}, "no member has quantised weights"),
        ((8, 4), {"full_weights": True}, "no member has quantised weights"),
        ((8, 8), {}, "two members have 8 bits"),
        ((), {}, "no member"),
    ],
)
def test_what_cannot_be_served_is_refused(widths, quantisation, said):
    """An ensemble whose members the engine cannot compute exactly is refused with the reason."""
    with pytest.raises(HarnessError, match=said):
        packed(widths=widths, **quantisation)


@pytest.mark.parametrize("name", ["output.weight", "nothing"])
def test_what_is_not_quantised_has_no_codes(name):
    """Codes of a tensor in full precision, or of none, are refused by its name."""
    with pytest.raises(HarnessError, match=f"'{name}' is no quantised weight"):
        open_store(STORE).codes(name, 4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: v.pop("output.bias"), "lack 'output.bias'"),
        (lambda v: v.update({"output.bias": np.zeros(3, np.float32)}), r"float32 \(3,\)"),
        (lambda v: v.update({"output.bias": np.zeros(10)}), "float64"),
        (lambda v: v.update({"output.bias": np.full(10, np.nan, np.float32)}), "not finite"),
    ],
)
def test_values_of_another_network_are_refused(change, said):
    """Values that are missing, of another shape or type, or not finite are named."""
    values = dict(ENSEMBLE.values)
    change(values)
    with pytest.raises(HarnessError, match=said):
        packed(values)
