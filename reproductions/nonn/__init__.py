"""NoNN: a network of neural networks, distilled from the communities of a teacher.

`from reproductions.nonn import NoNN` gives the authors' interface.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reproductions.nonn.framework.nonn import NoNN

__all__ = ["NoNN"]


def __getattr__(name: str) -> Any:
    # Every stage executes this file. An import of the interface, even inside of this function,
    # would make every stage depend on all of it.
    if name in __all__:
        return getattr(import_module(f"{__name__}.framework.nonn"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
