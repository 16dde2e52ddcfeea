"""One convolution of codes as numbers: what it convolves, and what its sums of codes mean."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import HarnessError
from reproductions.ensemble_kd.quantisation.codes import largest_code

_LARGEST_SUM = 2**30


@dataclass(frozen=True)
class Geometry:
    """A convolution of activation codes with weight codes, without groups.

    Parameters
    ----------
    sign
        Activations are -1 and 1, by their sign; else codes of 0 to 1.
    minus_one
        The border is -1, in units of the largest activation; else 0.

    Raises
    ------
    HarnessError
        The kernel cannot convolve it.
    """

    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    padding: int
    activation_bits: int
    weight_bits: int
    sign: bool = False
    minus_one: bool = False

    def __post_init__(self) -> None:
        for bits in (self.activation_bits, self.weight_bits):
            if not 1 <= bits <= 8:
                raise HarnessError(
                    f"codes have 1 to 8 bits, not {bits}", "serve such a width in full precision"
                )
        if self.sign and self.activation_bits != 1:
            raise HarnessError(
                f"signs have one bit, not {self.activation_bits}", "give them one bit"
            )
        if self.largest * largest_code(self.weight_bits) * self.products >= _LARGEST_SUM:
            raise HarnessError(
                f"{self.products} products of {self.activation_bits} and {self.weight_bits} bits "
                "may not fit 32-bit sums",
                "use fewer channels or fewer bits",
            )

    @property
    def largest(self) -> int:
        """The largest activation code: activations are codes divided by it."""
        return largest_code(self.activation_bits)

    @property
    def products(self) -> int:
        """How many products are summed in one output."""
        return self.in_channels * self.kernel * self.kernel

    @property
    def border(self) -> int:
        """What surrounds the map, in the domain of codes."""
        return -self.largest if self.minus_one else 0

    def output(self, size: int) -> int:
        """Return height or width, pixels, of the answer to a map of `size` pixels."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1
