"""The model of the older python-louvain, against what version 0.15 itself answered."""

import numpy as np
import pytest

from reproductions.nonn.partition import legacy
from reproductions.nonn.partition.suite import karate, ring

# Recorded from python-louvain 0.15 at resolution 0.7, for random_state 0 to 4: the number of the
# community of each node, in the order of the nodes.
KARATE = (
    "1111333101311100310101024422420400",
    "0020444012400011401010133313311311",
    "1111222141211144214141403300304344",
    "1111222101211100210101033303300300",
    "2212333241322244324242400040144044",
)
WEIGHTED = (
    "0122000232000233013131344434433433",
    "0122000232000233013131345445543533",
    "0122000232000233013131354554453433",
    "0122000232000233013131345445543533",
    "0122000232000233013131354554453433",
)
RING = (
    "111110000022222333334444455555",
    "111110000022222333334444455555",
    "333330000011111222224444455555",
    "111110000022222333334444455555",
    "111110000022222333334444455555",
)
TILT = 1 + np.add.outer(np.arange(34), np.arange(34)) % 7
CASES = {
    "karate": (karate(), KARATE),
    "weighted": (karate() * TILT, WEIGHTED),
    "ring": (ring(6, 5), RING),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_the_library(name, seed):
    """Communities and their numbers are those that python-louvain 0.15 gives."""
    weights, recorded = CASES[name]

    found = legacy.louvain(weights, 0.7, seed)

    assert list(found) == list(range(len(weights)))
    assert "".join(map(str, found.values())) == recorded[seed]
