"""How many filters each device had best have, were filters all alike: the bound of any packing."""

from __future__ import annotations

from collections.abc import Sequence

from reproductions.nonn.budget.menu import Menu


def ideal(menus: Sequence[Menu], filters: int) -> list[int]:
    """Return the sizes, one at least on each device, that add up to `filters` and are worth most.

    Of equally good ones the first devices have the fewest. Exact; `menus` have room enough.
    """
    # best[n]: the worth of the devices so far with n filters, and how many the last of them has.
    tables: list[dict[int, tuple[int, int]]] = []
    reached = {0: 0}
    for menu in menus:
        table: dict[int, tuple[int, int]] = {}
        for before, worth in reached.items():
            for size in range(1, min(menu.room, filters - before) + 1):
                total = worth + menu.value(size)
                if before + size not in table or total > table[before + size][0]:
                    table[before + size] = (total, size)
        tables.append(table)
        reached = {number: worth for number, (worth, _) in table.items()}
    sizes = []
    for table in reversed(tables):
        sizes.append(table[filters][1])
        filters -= sizes[-1]
    return sizes[::-1]
