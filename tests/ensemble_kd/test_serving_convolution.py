"""Packed convolutions answer with the sums of plain ones, on every backend and layout."""

from dataclasses import dataclass

import numpy as np
import pytest
from ensemble_reference import activation, convolve
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.formats.arrays import Array
from reproductions.ensemble_kd.serving import kernel
from reproductions.ensemble_kd.serving.convolution import PackedConvolution
from reproductions.ensemble_kd.serving.geometry import Geometry
from reproductions.ensemble_kd.serving.packing import layout_for

BACKENDS = kernel.backends()
LAYOUTS = {"c/portable": ("planes", "words"), "c/avx2": ("planes", "words", "bytes")}
ALL = ("planes", "words", "bytes")


@dataclass(frozen=True)
class Case:
    """A convolution and a map."""

    geometry: Geometry
    codes: Array
    images: Array


@st.composite
def cases(draw):
    """Draw a convolution of any width, border, stride and channel count, and a map for it."""
    kernel_size = draw(st.sampled_from((1, 3)))
    bits = st.integers(1, 8)
    activation_bits = draw(bits)
    geometry = Geometry(
        in_channels=draw(st.integers(1, 140)),
        out_channels=draw(st.integers(1, 70)),
        kernel=kernel_size,
        stride=draw(st.integers(1, 2)),
        padding=draw(st.integers(0, 1)) if kernel_size == 3 else 0,
        activation_bits=activation_bits,
        weight_bits=draw(bits),
        sign=activation_bits == 1 and draw(st.booleans()),
        minus_one=draw(st.booleans()),
    )
    random = np.random.Generator(np.random.PCG64(draw(st.integers(0, 1000))))
    shape = (draw(st.integers(1, 2)), draw(st.integers(3, 8)), draw(st.integers(3, 8)))
    images = random.normal(0.4, 0.6, (*shape, geometry.in_channels)).astype(np.float32)
    # Halves between two codes, and both zeros, are where roundings differ.
    images.reshape(-1)[::7] = (random.integers(0, 255) + 0.5) / geometry.largest
    images.reshape(-1)[::11] = -0.0
    size = (geometry.out_channels, geometry.in_channels, kernel_size, kernel_size)
    codes = random.integers(0, 1 << geometry.weight_bits, size).astype(np.uint8)
    return Case(geometry, codes, images)


def plain(case):
    """Return the sums of quantised values in float64, scaled to whole numbers."""
    about = case.geometry
    top = 2**about.weight_bits - 1
    weights = (2.0 * case.codes - top) / top
    method = "det_sign" if about.sign else "round"
    x = activation(case.images, method, about.activation_bits)
    border = -1.0 if about.minus_one else 0.0
    sums = convolve(x, weights, about.stride, about.padding, border=border)
    return sums * top * (2**about.activation_bits - 1)


def possible(backend, geometry):
    """Return the layouts that a backend has for a convolution, None for NumPy's."""
    if backend == kernel.NUMPY:
        return (None,)
    narrow = max(geometry.activation_bits, geometry.weight_bits) < 8
    found = LAYOUTS.get(backend, ALL)
    return found if backend != "c/avx2" or narrow else ("planes", "words")


@given(cases())
@pytest.mark.parametrize("backend", BACKENDS)
def test_sums_are_those_of_plain_values(backend, case):
    """Every backend and layout gives exactly the sums of a plain convolution of the values."""
    wanted = plain(case)

    for layout in possible(backend, case.geometry):
        made = PackedConvolution(case.geometry, case.codes, backend, layout)
        found = made.integers(case.images)
        assert found.dtype == np.int32
        assert np.abs(found - wanted).max() < 0.25, layout  # whole numbers against float64


@given(cases(), st.booleans())
def test_backends_answer_with_equal_bits(case, extra):
    """Scaled, shifted and added to, the answers of all backends are the same to the last bit."""
    random = np.random.Generator(np.random.PCG64(1))
    scale, shift = random.standard_normal((2, case.geometry.out_channels), np.float32)
    made = [PackedConvolution(case.geometry, case.codes, one) for one in BACKENDS]
    shape = made[0].integers(case.images).shape
    added = random.standard_normal(shape, np.float32) if extra else None
    first, *others = [one(case.images, scale, shift, added) for one in made]

    for other in others:
        assert np.array_equal(first, other)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("bits", [1, 4, 7, 8])
def test_extreme_codes_do_not_overflow(backend, bits):
    """The largest sums there are, of 4,608 products of largest codes, come out whole."""
    geometry = Geometry(512, 33, 3, 1, 1, bits, bits)
    top = 2**bits - 1
    images = np.ones((1, 3, 3, 512), np.float32)

    for layout in possible(backend, geometry):
        for code, level in ((top, top), (0, -top)):
            codes = np.full((33, 512, 3, 3), code, np.uint8)
            found = PackedConvolution(geometry, codes, backend, layout).integers(images)
            assert set(found[0, 1, 1]) == {4608 * top * level}


@pytest.mark.parametrize("backend", BACKENDS)
def test_just_below_a_half_is_rounded_down(backend):
    """The number just below a half gets the lower code: adding a half first would not."""
    below = np.nextafter(np.float32(0.5), np.float32(0))
    images = np.array([below, 0.5], np.float32).reshape(1, 1, 2, 1)
    codes = np.ones((1, 1, 1, 1), np.uint8)
    for layout in possible(backend, Geometry(1, 1, 1, 1, 0, 1, 1)):
        made = PackedConvolution(Geometry(1, 1, 1, 1, 0, 1, 1), codes, backend, layout)

        assert made.integers(images).reshape(-1).tolist() == [0, 1]


def test_layouts_follow_the_width():
    """One bit goes by planes, more by bytes where their sums fit, else by words, or by NumPy."""
    assert layout_for("c/avx512-vpopcntdq", 1, 1) == "planes"
    assert layout_for("c/avx512-vpopcntdq", 8, 8) == "bytes"
    assert layout_for("c/avx2", 7, 7) == "bytes"
    assert layout_for("c/avx2", 8, 8) == "words"
    assert layout_for("c/portable", 1, 1) == "planes"
    assert layout_for("c/portable", 2, 2) is None
    assert layout_for("numpy", 1, 1) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"activation_bits": 9}, "not 9"),
        ({"weight_bits": 0}, "not 0"),
        ({"sign": True}, "signs have one bit"),
        ({"in_channels": 4096}, "32-bit sums"),
    ],
)
def test_impossible_convolution_is_refused(change, said):
    """A convolution whose codes or sums the kernel cannot hold is refused with the reason."""
    usual = {
        "in_channels": 64, "out_channels": 64, "kernel": 3, "stride": 1, "padding": 1,
        "activation_bits": 8, "weight_bits": 8,
    }  # fmt: skip
    with pytest.raises(HarnessError, match=said):
        Geometry(**{**usual, **change})


def test_environment_chooses_the_backend(monkeypatch):
    """The variable chooses among the backends that are here, and no other is taken."""
    monkeypatch.setenv(kernel.CHOICE, "numpy")
    assert kernel.choose() == "numpy"
    assert kernel.choose(BACKENDS[-1]) == BACKENDS[-1]

    monkeypatch.setenv(kernel.CHOICE, "c/z80")
    with pytest.raises(HarnessError, match="no backend 'c/z80'"):
        kernel.choose()


def test_without_a_library_numpy_serves(monkeypatch, tmp_path):
    """Where nothing was compiled, or what was cannot be loaded, NumPy is the only backend."""
    kernel.library.cache_clear()
    monkeypatch.setattr(kernel, "__file__", str(tmp_path / "kernel.py"))
    (tmp_path / "_kernel.so").write_bytes(b"for another machine")
    try:
        assert kernel.backends() == ("numpy",)
        assert kernel.choose() == "numpy"
    finally:
        kernel.library.cache_clear()


def test_library_of_another_contract_is_left_alone(monkeypatch):
    """A library that was compiled from an older kernel is not called: NumPy serves."""
    kernel.library.cache_clear()
    monkeypatch.setattr(kernel, "CONTRACT", 0)
    try:
        assert kernel.backends() == ("numpy",)
    finally:
        kernel.library.cache_clear()
