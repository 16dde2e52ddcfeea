"""What networks cost with shunts: the figures of the publications and of the released tool."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from step_samples import run_step

from harness.errors import HarnessError
from reproductions.shunt.architecture import describe
from reproductions.shunt.architecture.shunt import describe_shunt, site_of
from reproductions.shunt.costs import (
    Cost,
    percent_less,
    rows_of,
    saved,
    shunts_text,
    whole,
    windows_text,
    with_shunts,
)
from reproductions.shunt.params.costs import CostsParams
from reproductions.shunt.params.network import MobileNetV2
from reproductions.shunt.params.shunt import Placed, System

SPEC = Path(__file__).parents[2] / "specs" / "papers" / "shunt.yaml"
V2 = {"family": "mobilenetv2"}
DESCRIBED = describe(MobileNetV2(family="mobilenetv2", change_stride_layers=2))


def placed(window, architecture=1, width="published"):
    """Place a shunt as a spec does."""
    return {"window": window, "shunt": {"architecture": architecture, "width": width}}


def texts(rows):
    """Return rows with every value as the text that a file has for it."""
    return [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ]


def system(name, *windows):
    """Validate a system."""
    return System.model_validate({"name": name, "windows": windows})


ONE = system("one", placed("7-12"))
TWO = system("two", placed("7-12"), placed("14-15", 4, "window"))


@pytest.fixture(scope="module")
def params():
    """Give the parameters of the paper's stage."""
    stage = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["stages"]["costs"]
    assert stage["step"] == "shunt.count_costs"
    return CostsParams.model_validate_json(json.dumps(stage["params"]))


@pytest.fixture(scope="module")
def table(params):
    """Count the costs of the paper's networks, by network and system."""
    return {(row["network"], row["system"]): row for row in rows_of(params)}


SAVED = {
    # Counted by the release's own code and by hand.
    ("deeplabv3-os32", "published"): "28.34",
    ("deeplabv3-os32-513", "published"): "28.57",
    ("mobilenetv2-n2", "published"): "28.77",
    ("mobilenetv2-n2", "published-two"): "38.63",
    ("mobilenetv2-n2", "architecture-4"): "31.5",
    ("mobilenetv2-n2", "architecture-4-two"): "42.2",
    ("mobilenetv2-n3", "published"): "34.15",
    ("mobilenetv2-n3", "published-two"): "45.86",
    ("mobilenetv2-224", "published"): "25.8",
    ("mobilenetv2-224", "published-two"): "34.6",
}


@pytest.mark.parametrize(("network", "system"), SAVED)
def test_multiply_adds_saved_are_the_published_ones(table, network, system):
    """Each reduction that is known of a window is the one that is counted, digit by digit."""
    text = SAVED[network, system]
    digits = len(text.partition(".")[2])

    assert f"{table[network, system]['reduction']:.{digits}f}" == text


@pytest.mark.parametrize(
    ("network", "said"), [("mobilenetv2-n2", "32.94"), ("deeplabv3-os32", "35.69")]
)
def test_the_released_tool_says_more(table, network, said):
    """It leaves the shunt out and so tells 32.94 % for 28.77, and 35.69 % for 28.34."""
    row = table[network, "published"]

    assert f"{row['released_reduction']:.2f}" == said
    assert row["released_reduction"] > row["reduction"]


@pytest.mark.parametrize(
    ("network", "convolutions", "depthwise", "total"),
    [
        ("mobilenetv3small-n2", 15_128_256, 2_436_096, 17_564_352),
        ("mobilenetv3small-x0.5-n2", 5_137_856, 1_450_240, 6_588_096),
    ],
)
def test_the_released_tool_counts_what_its_notebooks_show(
    table, network, convolutions, depthwise, total
):
    """MobileNetV3 small on CIFAR-10 has the three counts that the release's notebooks print."""
    row = table[network, "original"]

    assert (row["released_conv"], row["released_depthwise"]) == (convolutions, depthwise)
    assert row["released_macs"] == total == convolutions + depthwise


@pytest.mark.parametrize(
    ("network", "parameters", "macs", "released"),
    [
        ("mobilenetv2-224", 3_538_984, 300_774_272, 299_738_676),
        ("mobilenetv2-224-x1.4", 6_156_712, 582_195_824, None),
        ("mobilenetv2-224-x1.3", 5_431_048, 509_374_560, None),
        ("mobilenetv2-224-x0.75", 2_663_064, 209_069_792, None),
        ("mobilenetv2-224-x0.5", 1_987_224, 97_131_840, None),
        ("mobilenetv2-224-x0.35", 1_691_208, 59_285_808, None),
        ("mobilenetv2-n0", 2_270_794, 6_124_928, 6_149_172),
        ("mobilenetv2-n1", 2_270_794, 24_461_312, 24_606_300),
        ("mobilenetv2-n2", 2_270_794, 87_976_448, 88_249_092),
        ("mobilenetv2-n3", 2_270_794, 296_473_088, 296_930_304),
        ("mobilenetv3small-224", 2_554_968, 56_510_400, 56_558_892),
        ("mobilenetv3small-224-x0.75", 2_051_552, 43_399_344, None),
        ("mobilenetv3small-224-minimalistic", 2_056_848, 52_288_448, None),
        ("mobilenetv3large-224", 5_507_432, 216_589_760, 216_638_252),
        ("mobilenetv3large-224-x0.75", 4_012_616, 154_560_624, None),
        ("mobilenetv3large-224-minimalistic", 3_948_688, 209_136_704, None),
        ("mobilenetv3large-n2", 4_239_242, 66_459_008, 66_516_032),
        ("deeplabv3-os32", 477_454, 1_965_354_304, 1_964_434_198),
        ("deeplabv3-os16", 477_454, 2_792_098_624, 2_791_354_018),
        ("deeplabv3-os8", 477_454, 8_417_402_176, 8_416_889_770),
        ("deeplabv3-os32-513", 477_454, 500_882_752, None),
    ],
)
def test_whole_networks_cost_what_keras_counts(table, network, parameters, macs, released):
    """Parameters and multiply-adds of the originals are those of Keras and of the release."""
    row = table[network, "original"]

    assert (row["parameters"], row["macs"]) == (parameters, macs)
    assert released in (None, row["released_macs"])
    assert (row["reduction"], row["parameter_reduction"], row["released_reduction"]) == (0, 0, 0)


WINDOWS = [
    # Section 1.4: 64,157 in DeepLab, 65,158 in MobileNetV3 small, and their analogue 64,116 in
    # MobileNetV2. Section 2: the nearest pairs to the abstract of 2019, and the nearest window.
    *((f"deeplabv3-os{stride}", "5-10", "1") for stride in (32, 16, 8)),
    ("deeplabv3-os32-513", "5-10", "1"),
    ("mobilenetv3small-n2", "5-10", "1"),
    ("mobilenetv3small-x0.5-n2", "5-10", "1"),
    *((f"mobilenetv2-n{count}", "7-12", "1") for count in (0, 1, 2, 3)),
    *((f"mobilenetv2-n{count}", "7-12; 14-15", "1; 1") for count in (0, 1, 2, 3)),
    ("mobilenetv2-224", "7-12", "1"),
    ("mobilenetv2-224", "7-12; 14-15", "1; 1"),
    ("mobilenetv2-224", "10-15", "1"),
    ("mobilenetv2-n2", "7-12", "4"),
    ("mobilenetv2-n2", "7-12; 14-15", "4; 4"),
    # Section 4: 37,54, whose shunt costs more than what it replaces.
    ("mobilenetv2-n2", "4-5", "1"),
]


@pytest.mark.parametrize(("network", "windows", "shunts"), WINDOWS)
def test_every_published_window_is_in_the_table(table, network, windows, shunts):
    """The paper's stage counts each window that a publication or the release names."""
    found = {(row["network"], row["windows"], row["shunts"]) for row in table.values()}

    assert (network, windows, shunts) in found


@pytest.mark.parametrize("network", ["mobilenetv2-224", "mobilenetv2-n2", "mobilenetv2-n3"])
def test_a_shunt_that_costs_more_is_refused_and_the_others_stay(table, network):
    """Blocks 4 and 5, published as 37,54, have a reason and no figures; other rows have figures."""
    row = table[network, "early"]
    others = [one for key, one in table.items() if key[0] == network and one is not row]
    figures = set(row) - {"network", "system", "image", "windows", "shunts", "refused"}

    assert row["windows"] == "4-5"
    assert row["refused"].startswith("the shunt for window 4-5 needs ")
    assert row["refused"].endswith("the network would be slower")
    assert {row[figure] for figure in figures} == {None}
    assert {one["refused"] for one in others} == {""}
    assert all(one["macs"] > 0 for one in others)


def test_what_is_refused_is_told_in_numbers(table):
    """The reason has the multiply-adds of the shunt and of what it would replace."""
    assert (
        "needs 10,321,920 multiply-adds, and what it replaces 7,176,192"
        in (table["mobilenetv2-n2", "early"]["refused"])
    )


def test_only_one_window_is_refused(table):
    """Of all systems of the paper none but that window has no figures."""
    assert {key[1] for key, row in table.items() if row["refused"]} == {"early"}


def test_columns_and_order(params, table):
    """Every row has the same columns, and each network stands before its systems, as declared."""
    expected = [
        (entry.name, name)
        for entry in params.entries
        for name in ("original", *(one.name for one in entry.systems))
    ]

    assert [(row["network"], row["system"]) for row in rows_of(params)] == expected
    assert len({tuple(row) for row in table.values()}) == 1
    assert table["deeplabv3-os32", "published"]["image"] == "1025x2049"
    assert table["mobilenetv2-n2", "original"]["windows"] == ""
    # The release tells its count by kind of convolution of whole networks alone.
    assert {row["released_conv"] is None for key, row in table.items() if key[1] == "original"} == {
        False
    }
    assert {row["released_conv"] for key, row in table.items() if key[1] != "original"} == {None}


@pytest.mark.parametrize("architecture", [1, 4, 5])
@pytest.mark.parametrize("window", ["7-12", "14-15", "4-12", "13-16"])
def test_a_shunt_saves_its_blocks_and_costs_itself(window, architecture):
    """What is saved are the window's blocks less the shunt, which the released tool leaves out."""
    where = Placed.model_validate(placed(window, architecture))
    blocks = [DESCRIBED.blocks[at] for at in where.window.blocks]
    shunt = describe_shunt(site_of(DESCRIBED, where.window), where.shunt)

    assert saved(DESCRIBED, where) == Cost(
        sum(block.parameters for block in blocks) - shunt.parameters,
        sum(block.macs for block in blocks) - shunt.macs,
        sum(block.released_macs for block in blocks),
    )


def test_shunts_add_up():
    """Two shunts leave the whole less what each alone saves, whatever the other one is."""
    left = with_shunts(DESCRIBED, TWO)
    alone = [saved(DESCRIBED, one) for one in TWO.windows]

    assert whole(DESCRIBED).without(alone[0]).without(alone[1]) == left
    assert left.macs < with_shunts(DESCRIBED, ONE).macs < whole(DESCRIBED).macs


def test_a_window_that_the_network_does_not_have_is_refused():
    """A window beyond the last block has no cost."""
    with pytest.raises(HarnessError, match="no block 17"):
        with_shunts(DESCRIBED, system("far", placed("12-17")))


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_percent_less(of, part):
    """Nothing left is 100 % less, all of it 0 %, twice of it 100 % more; and it falls with it."""
    assert percent_less(0, of) == 100
    assert percent_less(of, of) == 0
    assert percent_less(2 * of, of) == -100
    assert part == pytest.approx(of * (1 - percent_less(part, of) / 100), abs=1e-6 * (of + part))


def test_texts_of_a_system():
    """Windows and architectures stand in the order of the blocks; 'w' is the window's width."""
    assert (windows_text(ONE), shunts_text(ONE)) == ("7-12", "1")
    assert (windows_text(TWO), shunts_text(TWO)) == ("7-12; 14-15", "1; 4w")


def test_the_step_writes_its_rows(tmp_path):
    """What the step writes is read back as the same rows."""
    given_ = {"entries": ({"name": "v2", "network": V2, "systems": (ONE.model_dump(),)},)}
    (found,) = run_step("count_costs", given_, tmp_path).values()

    expected = rows_of(CostsParams.model_validate(given_))
    assert texts(found) == texts(expected)


ENTRY = {"name": "v2", "network": V2}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((), "at least 1"),
        ((ENTRY, ENTRY), "two entries are named 'v2'"),
        (
            ({**ENTRY, "systems": (ONE.model_dump(), ONE.model_dump())},),
            "network 'v2' has two systems named 'one'",
        ),
        (
            ({**ENTRY, "systems": ({**ONE.model_dump(), "name": "original"},)},),
            "two systems named 'original'",
        ),
        (({**ENTRY, "name": "V2"},), "should match pattern"),
        (({**ENTRY, "systems": ({"name": "none", "windows": ()},)},), "at least 1"),
        (
            (
                {
                    **ENTRY,
                    "systems": ({"name": "a", "windows": (placed("7-12"), placed("12-13"))},),
                },
            ),
            "the window 12-13 begins before 7-12 has ended",
        ),
    ],
)
def test_bad_entries_are_refused(entries, said):
    """Networks and systems that could not be told apart, or built, are refused by name."""
    with pytest.raises(ValidationError, match=said):
        CostsParams.model_validate({"entries": entries})


def test_more_strides_kept_cost_more(table):
    """Each layer that keeps the size of its map makes the network dearer, with shunts too."""
    for name in ("original", "published", "published-two"):
        macs = [table[f"mobilenetv2-n{count}", name]["macs"] for count in range(4)]

        assert all(one < other for one, other in pairwise(macs))
