"""Whom each member learns from."""

from hypothesis import given
from hypothesis import strategies as st

from reproductions.ensemble_kd.training.sources import OUTSIDE, sources_of

WIDTHS = st.lists(st.sampled_from([32, 8, 4, 3, 2, 1]), min_size=1, unique=True)


def test_simple_members_learn_from_the_teacher():
    """In simple mode the teacher outside teaches all, an internal one all others."""
    assert sources_of((4, 32, 1), "simple", outside=True).teachers == (OUTSIDE,) * 3
    assert sources_of((4, 32, 1), "simple", internal=True).teachers == (1, None, 1)
    assert sources_of((4, 32, 1), "simple").teachers == (None,) * 3


def test_without_distillation_nobody_teaches():
    """In the mode `none` all members learn from labels, whoever is there."""
    sources = sources_of((4, 32, 1), "none", outside=True)

    assert not sources.soft
    assert sources.outside == ()


def test_only_an_internal_teacher_can_be_without_labels():
    """As published the widest member learns nothing where it is the teacher."""
    assert sources_of((4, 32), "simple", internal=True, labelled=False).unlabelled == 1
    assert sources_of((4, 32), "simple", internal=True).unlabelled is None
    assert sources_of((4, 32), "simple", outside=True, labelled=False).unlabelled is None


@given(WIDTHS)
def test_progressive_members_learn_from_the_next_wider_one(widths):
    """In progressive mode a chain leads from the teacher through all widths, falling."""
    sources = sources_of(widths, "progressive", outside=True)
    falling = sorted(widths, reverse=True)

    for bits, teacher in zip(widths, sources.teachers, strict=True):
        place = falling.index(bits)
        assert teacher == (widths.index(falling[place - 1]) if place else OUTSIDE)
    assert sources.outside == (widths.index(falling[0]),)
