"""The activation network: discs of communities on a ring."""

import math
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from reproductions.nonn.drawing import network
from reproductions.nonn.drawing.ring import ring, sunflower


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 120), st.integers(0, 7)), min_size=1, max_size=16))
def test_discs_of_the_ring_do_not_overlap(members):
    """Whatever the sizes of the communities, their discs stand apart and hold their filters."""
    members.sort(key=lambda member: member[1])
    counts, groups = zip(*members, strict=True)

    discs = ring(counts, groups)

    for one, other in combinations(discs, 2):
        assert math.dist(one.centre, other.centre) > one.radius + other.radius
    for disc, count in zip(discs, counts, strict=True):
        assert all(math.dist(disc.centre, at) < disc.radius for at in sunflower(count, disc.centre))


def test_communities_of_a_student_stand_side_by_side():
    """Groups are ordered by student and size, their filters by activity."""
    assignment = [
        {"students": 2, "student": student, "filter": number, "community": community}
        for number, (student, community) in enumerate([(1, 2), (0, 0), (1, 1), (1, 1), (0, 3)])
    ]

    groups = network.groups_of(assignment, 2, [1.0, 1.0, 2.0, 3.0, 1.0])

    assert [(group.student, group.filters) for group in groups] == [
        (0, (1,)),
        (0, (4,)),
        (1, (3, 2)),
        (1, (0,)),
    ]
