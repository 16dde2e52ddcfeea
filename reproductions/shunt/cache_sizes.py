"""The sizes of the CPU's caches, as TensorFlow's matrix products know them, fixed.

Eigen splits the inner dimension of a matrix product, and so of a convolution, into blocks that fit
the first cache, and adds the blocks' sums. It asks the CPU for that cache's size: 32 KiB on many,
48 KiB on others, and the order of the additions differs. No setting of TensorFlow's reaches it,
so the sizes are written where Eigen keeps them: in a static variable of
``Eigen::internal::manage_caching_sizes``, of which each library has its own copy.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from harness.errors import HarnessError

SIZES = (32 * 1024, 512 * 1024, 16 * 1024 * 1024)
"""Bytes of the first, second and third cache: of Zen 2, and the first one of Haswell as well."""

LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")
"""What of TensorFlow holds a copy of Eigen's products."""

_NAME = b"ZN5Eigen8internal20manage_caching_sizesENS_6ActionEPlS2_S2_E12m_cacheSizes"
_VALUE = b"_Z" + _NAME
_GUARD = b"_ZGV" + _NAME
_BYTES = {_VALUE: 24, _GUARD: 8}
_REMEDY = "use the locked TensorFlow (environments/tensorflow.txt), or find Eigen's variable anew"

# The parts of a 64-bit ELF file that lead to its symbols, as <elf.h> has them.
_HEADER = np.dtype(
    {"names": ["magic", "shoff", "shentsize", "shnum"], "offsets": [0, 40, 58, 60],
     "formats": ["S4", "<u8", "<u2", "<u2"], "itemsize": 64}
)  # fmt: skip
_SECTION = np.dtype(
    {"names": ["type", "offset", "size", "link"], "offsets": [4, 24, 32, 40],
     "formats": ["<u4", "<u8", "<u8", "<u4"], "itemsize": 64}
)  # fmt: skip
_SYMBOL = np.dtype(
    {"names": ["name", "section", "value", "size"], "offsets": [0, 6, 8, 16],
     "formats": ["<u4", "<u2", "<u8", "<u8"], "itemsize": 24}
)  # fmt: skip
_SHT_SYMTAB = 2
_RTLD_DI_LINKMAP = 2


def fix_cache_sizes() -> None:
    """Write `SIZES` into TensorFlow's libraries, before the first operation reads others.

    Raises HarnessError when a library is not as expected, or when an operation came first.
    """
    folder = Path(tf.__file__).parent
    for name in LIBRARIES:
        _fix(folder / name)


def _fix(library: Path) -> None:
    places = symbols(library, _BYTES)
    base = _load_address(library)
    sizes = (ctypes.c_int64 * len(SIZES)).from_address(base + places[_VALUE])
    # The first byte says to the compiled code that the variable is initialised.
    guard = ctypes.c_uint8.from_address(base + places[_GUARD])
    found = tuple(sizes)
    if found == SIZES and guard.value == 1:
        return
    if guard.value or any(found):
        raise HarnessError(
            f"{library.name} already works with the cache sizes {found}",
            "fix the cache sizes right after the import of TensorFlow, before any operation",
        )
    sizes[:] = list(SIZES)
    guard.value = 1


def symbols(library: Path, wanted: Mapping[bytes, int]) -> dict[bytes, int]:
    """Return where in a loaded ELF file some variables are, from its load address on.

    Local variables too, which the dynamic loader does not know.

    Parameters
    ----------
    wanted
        The names, and how many bytes each variable has.
    """
    found: dict[bytes, int] = {}
    try:
        file = library.open("rb")
    except OSError as error:
        raise HarnessError(f"{library}: {error.strerror}", _REMEDY) from error
    with file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        # Copies, since the map cannot be closed while an array looks into it.
        header = np.frombuffer(content[:64], _HEADER)[0]
        if header["magic"] != b"\x7fELF" or header["shentsize"] != _SECTION.itemsize:
            raise HarnessError(f"{library.name} is no 64-bit ELF file", _REMEDY)
        start = int(header["shoff"])
        end = start + int(header["shnum"]) * _SECTION.itemsize
        sections = np.frombuffer(content[start:end], _SECTION)
        for table in sections[sections["type"] == _SHT_SYMTAB]:
            first, names = int(table["offset"]), sections[table["link"]]
            entries = np.frombuffer(content[first : first + int(table["size"])], _SYMBOL)
            strings = int(names["offset"])
            for name, size in wanted.items():
                place = content.find(b"\0" + name + b"\0", strings, strings + int(names["size"]))
                of_name = entries[entries["name"] == place + 1 - strings] if place >= 0 else []
                fitting = [int(one["value"]) for one in of_name if one["size"] == size]
                if len(fitting) == 1:
                    found[name] = fitting[0]
    missing = [name.decode() for name in wanted if name not in found]
    if missing:
        raise HarnessError(
            f"{library.name} has no variable {' and no '.join(missing)} of the expected size;"
            " without it results depend on the sizes of the CPU's caches",
            _REMEDY,
        )
    return found


def _load_address(library: Path) -> int:
    try:
        # What is loaded already, or an error; nothing is loaded here.
        loaded = ctypes.CDLL(str(library), mode=os.RTLD_NOW | os.RTLD_NOLOAD)
    except OSError as error:
        raise HarnessError(f"{library.name} is not loaded: {error}", _REMEDY) from error
    dlinfo = ctypes.CDLL(None).dlinfo
    dlinfo.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
    link_map = ctypes.POINTER(ctypes.c_size_t)()
    if dlinfo(loaded._handle, _RTLD_DI_LINKMAP, ctypes.byref(link_map)):  # noqa: SLF001
        raise HarnessError(f"the loader does not tell where {library.name} is", _REMEDY)
    return int(link_map[0])  # l_addr of struct link_map
