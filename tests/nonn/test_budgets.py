"""Devices that differ: what fits, the best sizes and packings by brute force, and refusals."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.errors import HarnessError
from harness.formats import arrays as folders
from harness.formats import rows
from reproductions.nonn.budget import assignment
from reproductions.nonn.budget.assignment import assign, pack, worth
from reproductions.nonn.budget.menu import Menu, menus
from reproductions.nonn.budget.need import STEPS, capability, logarithm, need_of, room
from reproductions.nonn.budget.sizes import ideal
from reproductions.nonn.budget.step import COLUMNS
from reproductions.nonn.params.budget import BudgetsParams, Device, DeviceSet
from reproductions.nonn.params.network import WideResNet
from reproductions.nonn.partition.suite import activation

POOL = [
    WideResNet(family="wrn", depth=depth, width=width, image_size=8)
    for depth in (10, 16)
    for width in (1, 2)
]
PLENTY = 10**12
_NAMED = ("set", "device", "refused")
WRNS = {"family": "wrn", "depths": (10, 16), "widths": (1, 2)}


def device(name, weight_bytes=PLENTY, activation_bytes=PLENTY, macs=PLENTY):
    """Describe a device, by default one that can run anything."""
    return Device(
        name=name, weight_bytes=weight_bytes, activation_bytes=activation_bytes, macs=macs
    )


def devices(*members):
    """Name a set of devices."""
    return DeviceSet(name="some", devices=members)


@st.composite
def some_menus(draw, most):
    """Draw what two or three devices offer for up to `most` filters, larger ones for fewer."""
    found = []
    for number in range(draw(st.integers(2, 3))):
        nets = draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=most))
        nets.sort(key=capability, reverse=True)
        found.append(Menu(device(f"device{number}"), tuple(nets)))
    return found


@settings(max_examples=60)
@given(some_menus(8), st.data())
def test_ideal_sizes_are_the_best_of_all(found, data):
    """No sizes that fit and add up to the same are worth more."""
    total = data.draw(st.integers(len(found), sum(menu.room for menu in found)))

    sizes = ideal(found, total)

    every = product(*(range(1, menu.room + 1) for menu in found))
    assert sum(sizes) == total
    assert worth(found, sizes) == max(worth(found, one) for one in every if sum(one) == total)


@settings(max_examples=60)
@given(some_menus(12), st.lists(st.integers(1, 5), min_size=3, max_size=6))
def test_packing_is_the_best_of_all(found, sizes):
    """No packing of whole communities that fits is worth more, and one is found if there is one."""
    every = []
    for places in product(range(len(found)), repeat=len(sizes)):
        loads = [0] * len(found)
        for place, size in zip(places, sizes, strict=True):
            loads[place] += size
        if all(0 < load <= menu.room for load, menu in zip(loads, found, strict=True)):
            every.append(worth(found, loads))

    places = pack(found, sizes)

    assert (places is None) == (not every)
    if places is not None:
        loads = np.bincount(places, sizes, len(found)).astype(int).tolist()
        assert worth(found, loads) == max(every)


@settings(max_examples=60)
@given(some_menus(9), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_every_device_gets_what_it_has_room_for(found, sizes):
    """Whatever the communities, each filter is placed once and no device is too full or empty."""
    count = sum(sizes)
    if not len(found) <= count <= sum(menu.room for menu in found):
        return
    ends = np.cumsum(sizes).tolist()
    communities = [tuple(range(end - size, end)) for end, size in zip(ends, sizes, strict=True)]

    placed = assign(found, communities, [{} for _ in range(count)])

    filters = [[node for part in parts for node in part] for parts in placed]
    assert sorted(node for nodes in filters for node in nodes) == list(range(count))
    assert all(0 < len(nodes) <= menu.room for nodes, menu in zip(filters, found, strict=True))


def test_equal_devices_get_equal_shares():
    """The proxy matches sizes to capability: equal devices share equally."""
    found = menus(devices(*(device(f"d{n}") for n in range(4))), POOL, 40)

    assert ideal(found, 40) == [10, 10, 10, 10]


def test_sizes_follow_capability():
    """A device with a network of twice the capability gets twice the filters."""
    small, large = POOL[0], POOL[3]
    ratio = 2 ** ((capability(large) - capability(small)) / STEPS)
    found = [Menu(device("small"), (small,) * 200), Menu(device("large"), (large,) * 200)]

    few, many = ideal(found, 120)

    assert many / few == pytest.approx(ratio, rel=0.05)


@pytest.mark.parametrize("resource", ["weight_bytes", "activation_bytes", "macs"])
def test_room_ends_exactly_at_the_budget(resource):
    """A budget of exactly the need of 12 filters has room for 12, and one less for 11."""
    need = getattr(need_of(POOL[0], 12), resource)
    least = getattr(need_of(POOL[0], 1), resource)
    if need == least:  # the peak of activations is in the trunk, whatever the filters
        assert room(device("d", **{resource: need}), POOL[0], 30) == 30
        assert room(device("d", **{resource: need - 1}), POOL[0], 30) == 0
    else:
        assert room(device("d", **{resource: need}), POOL[0], 30) == 12
        assert room(device("d", **{resource: need - 1}), POOL[0], 30) == 11


def test_menu_offers_the_most_capable_network_that_fits():
    """For every number of filters the menu's network is the best of those within the budget."""
    limited = device("d", weight_bytes=need_of(POOL[1], 9).weight_bytes)

    (menu,) = menus(devices(limited), POOL, 20)

    for filters, network in enumerate(menu.networks, start=1):
        fitting = [net for net in POOL if not need_of(net, filters).shortages(limited)]
        assert capability(network) == max(map(capability, fitting))
    assert len(set(menu.networks)) > 1


def test_device_without_any_network_is_named_with_what_it_lacks():
    """The refusal names set, device, closest network, and by how much it is too large."""
    need = need_of(POOL[0], 1)
    small = device("sensor", weight_bytes=need.weight_bytes - 100, macs=need.macs - 7)

    with pytest.raises(HarnessError) as caught:
        menus(devices(device("large"), small), POOL, 10)

    assert "set 'some': device 'sensor' cannot run any of the 4 networks" in caught.value.message
    assert f"wrn10-1 with one filter, needs {need.weight_bytes:,}" in caught.value.message
    assert "bytes of weights, 100 more than its" in caught.value.message
    assert "multiply-adds, 7 more than its" in caught.value.message
    assert "raise the budget of 'sensor'" in caught.value.remedy


def test_too_little_room_together_is_told():
    """The refusal says how many filters have no place, and how many each device can take."""
    tight = need_of(POOL[0], 3).weight_bytes
    few = need_of(POOL[0], 5).weight_bytes
    pair = devices(device("one", weight_bytes=tight), device("two", weight_bytes=few))

    with pytest.raises(HarnessError, match="room for 8 of 20 filters, 12 too few") as caught:
        menus(pair, POOL, 20)

    assert "'one' 3, 'two' 5" in caught.value.message
    assert "'one' first" in caught.value.remedy


def test_more_devices_than_filters_are_refused():
    """Every device needs a filter of its own."""
    with pytest.raises(HarnessError, match="2 filters are kept, too few for 3 devices"):
        menus(devices(device("a"), device("b"), device("c")), POOL, 2)


def test_narrow_search_still_packs(monkeypatch):
    """Following few packings at a time gives one that fits, worth nearly as much."""
    found = menus(devices(*(device(f"d{n}") for n in range(3))), POOL, 60)
    sizes = [9, 8, 8, 7, 7, 6, 5, 4, 3, 3]
    best = pack(found, sizes)
    monkeypatch.setattr(assignment, "WIDTH", 2)

    near = pack(found, sizes)

    loads = [np.bincount(places, sizes, 3).astype(int).tolist() for places in (best, near)]
    assert worth(found, loads[0]) >= worth(found, loads[1]) > 0.99 * worth(found, loads[0])


@given(st.integers(1, 10**9))
def test_logarithm_is_exact_from_below(number):
    """It is the largest whole number of steps whose power does not exceed the number."""
    found = logarithm(number, 64)

    assert 2**found <= number**64 < 2 ** (found + 1)


@pytest.fixture
def fit(run_step, tmp_path):
    """Return a function that runs the step on a made-up teacher and reads its rows."""
    weights = activation(np.random.default_rng(2), 200, 48)
    folders.write_folder(tmp_path / "graph", {"weights": weights}, {})

    def run(*sets, seed=0, **params):
        settings = {
            "sets": tuple(one.model_dump() for one in sets),
            "networks": (WRNS,),
            "task": {"image_size": 8},
            "keep_percentile": 50.0,
            "algorithm": "leiden",
            **params,
        }
        written = run_step("budgets", settings, {"graph": tmp_path / "graph"}, seed)
        return rows.read(written["rows"]), rows.read(written["assignment"])

    return run


MIXED = DeviceSet(
    name="mixed",
    devices=(
        device("board", weight_bytes=3_000_000, activation_bytes=40_000, macs=9_000_000),
        device("watch", weight_bytes=600_000, activation_bytes=20_000, macs=2_000_000),
        device("sensor", weight_bytes=313_000, activation_bytes=16_384, macs=1_250_000),
    ),
)


def test_step_fits_every_budget_and_places_every_filter(fit):
    """Each device stays within its budget, and rows and assignment tell the same."""
    found, placed = fit(MIXED, devices(device("alone")))

    assert [(row["set"], row["device"]) for row in found] == [
        *(("mixed", name) for name in ("board", "watch", "sensor")),
        ("some", "alone"),
    ]
    for row in found:
        for share in ("weights_used", "activations_used", "macs_used"):
            assert 0 < row[share] <= 1
        assert row["proxy"] <= row["proxy_bound"]
        filters = [
            one["filter"]
            for one in placed
            if (one["set"], one["device"]) == (row["set"], row["device"])
        ]
        assert len(set(filters)) == len(filters) == row["filters"]
    assert sum(row["filters"] for row in found[:3]) == found[3]["filters"]


def test_step_gives_larger_devices_larger_networks_and_more_filters(fit):
    """The board runs the largest network for the most filters, the sensor the smallest."""
    found, _ = fit(MIXED)
    macs = [row["macs"] for row in found]
    filters = [row["filters"] for row in found]

    assert macs == sorted(macs, reverse=True)
    assert filters == sorted(filters, reverse=True)
    assert len({row["network"] for row in found}) > 1


def test_a_set_that_cannot_be_served_stops_no_other(fit):
    """It gets one row with its devices and the reason, in the columns of those that are served."""
    small = DeviceSet(name="small", devices=(device("tag", weight_bytes=1), device("board")))

    found, placed = fit(small, MIXED)

    refused, *served = found
    assert (refused["set"], refused["device"]) == ("small", "tag, board")
    reason = refused["refused"]
    assert reason.startswith("set 'small': device 'tag' cannot run any of the 4 networks; ")
    assert reason.endswith(" more than its 1")
    assert all(refused[name] is None for name in COLUMNS if name not in _NAMED)
    assert [row["refused"] for row in served] == [None] * 3
    assert {one["set"] for one in placed} == {"mixed"}
    assert [tuple(row) for row in found] == [COLUMNS] * 4


def test_of_several_seeds_the_first_is_served(fit, run_step, tmp_path):
    """A stage that is not run per seed takes the filters of the first seed's teacher."""
    other = activation(np.random.default_rng(3), 200, 24)
    folders.write_folder(tmp_path / "other", {"weights": other}, {})
    params = {"sets": (MIXED.model_dump(),), "networks": (WRNS,), "task": {"image_size": 8}}
    how = {**params, "keep_percentile": 50.0, "algorithm": "leiden"}
    graphs = {"graph": {1: tmp_path / "other", 0: tmp_path / "graph"}}

    found, _ = fit(MIXED)

    assert rows.read(run_step("budgets", how, graphs, 9)["rows"]) == found


def test_same_seed_same_rows(fit):
    """The rows depend on the seed alone."""
    assert fit(MIXED) == fit(MIXED)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"networks": ({"family": "wrn", "depths": (11,), "widths": (1,)},)}, "6n \\+ 4"),
        ({"networks": (WRNS, WRNS)}, "given once"),
        ({"networks": ({"family": "wrn", "depths": (10, 10), "widths": (1,)},)}, "given once"),
        ({"networks": ()}, "at least 1"),
        ({"sets": (devices(device("a")).model_dump(),) * 2}, "given once"),
        ({"sets": ({"name": "x", "devices": (device("a").model_dump(),) * 2},)}, "given once"),
    ],
)
def test_bad_params_are_refused(change, said):
    """A depth that a family lacks, no choice, and a name twice never reach the step."""
    good = {"sets": (MIXED.model_dump(),), "networks": (WRNS,)}

    with pytest.raises(ValidationError, match=said):
        BudgetsParams.model_validate(good | change)
