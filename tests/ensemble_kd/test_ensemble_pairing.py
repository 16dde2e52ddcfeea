"""Which member of an ensemble that teaches is whose teacher."""

import pytest

from harness.errors import HarnessError
from reproductions.ensemble_kd.params.teaching import Attention
from reproductions.ensemble_kd.training.pairing import matched, teacher_of


def test_a_member_learns_from_its_own_width():
    """The teacher is the member of the same width, or the only one there is."""
    assert [teacher_of(bits, (1, 4, 32)) for bits in (32, 4, 1)] == [2, 1, 0]
    assert [teacher_of(bits, (4,)) for bits in (32, 4, 1)] == [0, 0, 0]
    with pytest.raises(HarnessError, match=r"member of 2 bits has no teacher.* 32, 4 bits"):
        teacher_of(2, (32, 4))


def test_which_maps_are_matched():
    """Maps are those of the same width, or of one width; a width that is not there is refused."""
    assert matched((4, 1), (32, 4, 1), Attention()) == [1, 2]
    assert matched((4, 1), (32,), Attention()) == [0, 0]
    assert matched((4, 1), (32, 4), Attention(bits=32)) == [0, 0]
    with pytest.raises(HarnessError, match=r"a member of 2 bits .* 32, 4 bits"):
        matched((4, 2), (32, 4), Attention())
