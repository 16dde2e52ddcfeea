"""How a network is named in tables: `wrn16-1`, `vgg11`, `mobilenetv2-x0.25`."""

from __future__ import annotations

from reproductions.nonn.params.network import Network, WideResNet


def label(network: Network) -> str:
    """Return the name of `network`; a multiplier of one is not told."""
    if isinstance(network, WideResNet):
        return f"wrn{network.depth}-{network.width}"
    depth = str(network.depth) if network.family == "vgg" else ""
    scale = "" if network.multiplier == 1 else f"-x{network.multiplier:g}"
    return f"{network.family}{depth}{scale}"
