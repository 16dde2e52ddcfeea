"""Finding the culprit among variations."""

from hypothesis import given
from hypothesis import strategies as st

from harness.rerun.bisection import smallest

NAMES = tuple("abcdefghijklmn")


@given(st.integers(1, 14), st.data())
def test_single_culprit_is_named_exactly(count, data):
    """One culprit among others is found, in few reruns, and nothing else is named with it."""
    names = NAMES[:count]
    culprit = data.draw(st.sampled_from(names))
    tried = []

    def differs(part):
        tried.append(part)
        return culprit in part

    assert smallest(names, differs) == (culprit,)
    assert len(tried) == len(set(tried)) <= 2 * (count - 1).bit_length()


@given(st.sets(st.sampled_from(NAMES), min_size=2, max_size=4))
def test_culprits_that_act_together_are_named_together(culprits):
    """Where only a set of variations makes a difference, exactly that set is named."""
    found = smallest(NAMES, lambda part: culprits <= set(part))

    assert set(found) == culprits


@given(st.sets(st.sampled_from(NAMES), min_size=2))
def test_one_of_several_culprits_is_enough(culprits):
    """Where several variations differ each alone, one of them is named."""
    (found,) = smallest(NAMES, lambda part: bool(culprits & set(part)))

    assert found in culprits
