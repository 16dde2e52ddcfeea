"""What each device can offer for every number of filters, or why it can offer nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from reproductions.nonn.budget.need import capability, logarithm, need_of, room
from reproductions.nonn.label import label
from reproductions.nonn.params.budget import Device, DeviceSet
from reproductions.nonn.params.network import Network


@dataclass(frozen=True)
class Menu:
    """The best network of one device for 1, 2, ... filters, up to as many as it has room for.

    The proxy for accuracy is the capability of the network that a filter has to itself: n filters
    count ``n (capability - log2 n)``. With networks given, it is largest where each has filters in
    proportion to its capability; with sizes given, where each device runs the best that fits.
    """

    device: Device
    networks: tuple[Network, ...]

    @property
    def room(self) -> int:
        """The most filters that any network here can have."""
        return len(self.networks)

    def value(self, filters: int) -> int:
        """Return the proxy for accuracy of `filters` filters here, in STEPS of a bit; 0 for 0."""
        if not filters:
            return 0
        return filters * (capability(self.networks[filters - 1]) - logarithm(filters))


def menus(devices: DeviceSet, networks: Sequence[Network], filters: int) -> list[Menu]:
    """Return the menu of each device, whose room together is at least `filters`.

    Raises
    ------
    HarnessError
        There are fewer filters than devices; or a device cannot run any network; or all together
        have too little room.
    """
    count = len(devices.devices)
    if filters < count:
        raise HarnessError(
            f"set '{devices.name}': {filters} filters are kept, too few for {count} devices",
            "lower 'keep_percentile', set 'isolated: attach', or name fewer devices",
        )
    most = filters - count + 1  # every other device has one at least
    found = [_menu(devices.name, device, networks, most) for device in devices.devices]
    together = sum(menu.room for menu in found)
    if together < filters:
        raise _too_little_room(devices.name, found, filters)
    return found


def _menu(name: str, device: Device, networks: Sequence[Network], most: int) -> Menu:
    rooms = [(room(device, network, most), network) for network in networks]
    largest = max(space for space, _ in rooms)
    if not largest:
        raise _cannot_serve(name, device, networks)
    return Menu(
        device,
        tuple(
            max((net for space, net in rooms if space >= count), key=capability)
            for count in range(1, largest + 1)
        ),
    )


def _cannot_serve(name: str, device: Device, networks: Sequence[Network]) -> HarnessError:
    """Tell what the network that comes closest lacks, with one filter, on `device`."""

    def worst(network: Network) -> float:
        pairs = need_of(network, 1).shortages(device).values()
        return max(needed / there for needed, there in pairs)

    closest = min(networks, key=worst)
    lacks = "; ".join(
        f"{needed:,} {what}, {needed - there:,} more than its {there:,}"
        for what, (needed, there) in need_of(closest, 1).shortages(device).items()
    )
    return HarnessError(
        f"set '{name}': device '{device.name}' cannot run any of the {len(networks)} networks; "
        f"the closest, {label(closest)} with one filter, needs {lacks}",
        f"raise the budget of '{device.name}', leave it out, or add a smaller network",
    )


def _too_little_room(name: str, found: Sequence[Menu], filters: int) -> HarnessError:
    together = sum(menu.room for menu in found)
    rooms = ", ".join(f"'{menu.device.name}' {menu.room}" for menu in found)
    least = min(found, key=lambda menu: menu.room).device.name
    return HarnessError(
        f"set '{name}': the devices have room for {together} of {filters} filters, "
        f"{filters - together} too few: {rooms}",
        f"raise the budget of '{least}' first, add a device, or keep fewer filters",
    )
