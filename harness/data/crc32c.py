"""The checksum CRC-32C (Castagnoli), which Python's library lacks.

The state of a CRC is linear in what it has read. So a long content is read in many lanes at
once, each from the state zero, and the states of neighbouring lanes are joined pair by pair.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78
_START = 0xFFFFFFFF
_LANE = 512


def crc32c(content: bytes | memoryview) -> int:
    """Return the CRC-32C of `content`."""
    if len(content) <= _LANE:
        return _stepped(_START, content) ^ _START
    count = 1 << (-(-len(content) // _LANE) - 1).bit_length()
    # From the state zero, zeros in front leave the state as it is.
    padded = np.zeros(count * _LANE, dtype=np.uint8)
    padded[len(padded) - len(content) :] = np.frombuffer(content, dtype=np.uint8)
    states = _lanes(padded.reshape(count, _LANE))
    step = _power(_LANE)
    while len(states) > 1:
        states = _applied(step, states[0::2]) ^ states[1::2]
        step = _applied(step, step)
    start = _applied(_power(len(content)), np.array([_START], dtype=np.uint32))
    return int(states[0] ^ start[0]) ^ _START


def _made_table() -> Words:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> np.uint32(1)) ^ np.where(table & 1, _POLYNOMIAL, 0).astype(np.uint32)
    return table


_TABLE = _made_table()
_NUMBERS = _TABLE.tolist()


def _stepped(state: int, content: bytes | memoryview) -> int:
    for byte in content:
        state = _NUMBERS[(state ^ byte) & 0xFF] ^ (state >> 8)
    return state


def _lanes(rows: npt.NDArray[np.uint8]) -> Words:
    """Return the state after each row, read from the state zero."""
    states = np.zeros(len(rows), dtype=np.uint32)
    for column in np.ascontiguousarray(rows.T):
        states = _TABLE[(states ^ column) & np.uint32(0xFF)] ^ (states >> np.uint32(8))
    return states


def _power(count: int) -> Words:
    """Return what reading `count` zeros does to each single bit of a state."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    made, step = bits, _TABLE[bits & np.uint32(0xFF)] ^ (bits >> np.uint32(8))
    while count:
        if count & 1:
            made = _applied(step, made)
        step = _applied(step, step)
        count >>= 1
    return made


def _applied(step: Words, states: Words) -> Words:
    """Return `states` after a step that is known by what it does to each single bit."""
    made = np.zeros_like(states)
    for bit in range(32):
        made ^= np.where(states >> np.uint32(bit) & np.uint32(1), step[bit], np.uint32(0))
    return made
