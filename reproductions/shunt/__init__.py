"""Shunt connections: windows of a network's blocks, replaced by small trained networks.

`from reproductions.shunt import ShuntConnector` gives the authors' interface.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reproductions.shunt.connector.connector import ShuntConnector

__all__ = ["ShuntConnector"]


def __getattr__(name: str) -> Any:
    # Every stage executes this file. An import of the interface, even inside of this function,
    # would make every stage depend on all of it.
    if name in __all__:
        return getattr(import_module(f"{__name__}.connector.connector"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
