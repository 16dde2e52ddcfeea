"""What networks and ensembles cost: the published counts, and every form of storing them."""

from io import StringIO
from math import prod

import numpy as np
import pytest
from pydantic import ValidationError

from harness.formats import rows
from harness.stage.checkpoint import Checkpoint
from harness.stage.inputs import Inputs
from harness.stage.outputs import Outputs
from harness.stage.progress import Progress
from harness.stage.run import Run
from reproductions.ensemble_kd.architecture.counts import count, count_macs, packed_bytes
from reproductions.ensemble_kd.architecture.description import describe
from reproductions.ensemble_kd.costs import count_costs, ensemble_arrays, file_bytes, rows_of
from reproductions.ensemble_kd.leaving import params_file
from reproductions.ensemble_kd.params.costs import Costed, CostsParams
from reproductions.ensemble_kd.params.network import Network

IMAGENET = Network(classes=1000, image_size=224)
CIFAR100 = Network(classes=100, image_size=32)
PARAMS = CostsParams(networks=(Costed(name="cifar100", network=CIFAR100),))


@pytest.fixture(scope="module")
def megabytes():
    """Give the megabytes of each form, by its name and bits."""
    return {(row["form"], row["bits"]): row["megabytes"] for row in rows_of(PARAMS)}


def test_quantised_weights_are_the_published_ones():
    """resnet18_e1 has 10,985,472 quantised weights."""
    assert count(describe(IMAGENET)).quantised == 10_985_472


def test_parameters_are_the_published_ones():
    """There are 11,689,646 parameters; with statistics twelve numbers more than Larq Zoo's."""
    counts = count(describe(IMAGENET))

    assert counts.parameters == 11_689_646
    assert counts.everything == 11_699_380 == 11_699_368 + 12


@pytest.mark.parametrize(("network", "values"), [(CIFAR100, 19_212), (IMAGENET, 19_468)])
def test_a_member_adds_its_normalisation_alone(network, values):
    """One more member adds 19,212 numbers with the thumbnail stem and 19,468 with the other."""
    assert count(describe(network)).private == values


@pytest.mark.parametrize("network", [CIFAR100, IMAGENET, Network(add_activation="prelu")])
def test_counts_are_those_of_the_values(network):
    """A member that scales the images has as many values as are counted."""
    description, counts = describe(network, rebuilt_input=True), count(describe(network))

    assert counts.shared == sum(map(prod, description.shared().values()))
    assert counts.private == sum(map(prod, description.private(4, widest=False).values()))


def test_sizes_are_the_published_ones():
    """At 1000 classes the parameters take 44.59 MiB in single precision, 4.0 MiB packed."""
    counts = count(describe(IMAGENET))

    assert round(4 * counts.parameters / 2**20, 2) == 44.59
    assert round(packed_bytes(counts, 1, statistics=False) / 2**20, 1) == 4.0


def test_operations_are_the_published_ones():
    """64 binary multiply-adds reckoned as one make 1.63e8 operations, the dense layer left out."""
    macs = count_macs(describe(IMAGENET))
    full = macs.full - 512 * 1000

    assert macs.quantised == 1_676_279_808
    assert f"{full:.2e}" == "1.37e+08"
    assert f"{full + macs.quantised / 64:.2e}" == "1.63e+08"


@pytest.mark.parametrize(
    ("form", "bits", "expected"),
    [
        ("float", 32, 44.9),
        ("packed", 8, 11.96),
        ("packed", 4, 6.47),
        ("packed", 2, 3.72),
        ("packed", 1, 2.35),
        ("separate", 32, 224.6),
        ("shared", 32, 45.2),
        ("store", 8, 12.3),
        ("published_save", 32, 224.6),
        ("saved_once", 32, 45.3),
    ],
)
def test_each_form_has_its_size(megabytes, form, bits, expected):
    """At 100 classes each form of a network and its five members takes the expected megabytes."""
    digits = len(str(expected).partition(".")[2])

    assert round(megabytes[form, bits], digits) == expected


def test_the_store_is_small_beside_the_shared_weights(megabytes):
    """The store of 8-bit codes takes at most 0.3 of the shared weights in single precision."""
    assert megabytes["store", 8] <= 0.3 * megabytes["shared", 32]


def test_ratios_are_to_separate_networks():
    """A ratio is the share of what as many networks of their own take in single precision."""
    ratios = {row["form"]: row["ratio"] for row in rows_of(PARAMS)}

    assert ratios["float"] == ratios["separate"] == 1.0
    assert ratios["store"] == pytest.approx(12_269_952 / 224_594_880)
    assert ratios["packed"] == pytest.approx(2_350_272 / 44_918_976)


def test_operations_are_told_of_single_networks():
    """Codes of b bits take b times b binary multiply-adds for each; ensembles tell of none."""
    found = {
        (row["form"], row["bits"]): (row["float_macs"], row["binary_macs"])
        for row in rows_of(PARAMS)
    }
    macs = count_macs(describe(CIFAR100))

    assert found["float", 32] == (macs.full + macs.quantised, 0)
    assert found["packed", 1] == (macs.full, macs.quantised)
    assert found["packed", 4] == (macs.full, 16 * macs.quantised)
    assert found["store", 8] == (None, None)


def test_wiki_counts():
    """Sizes without running statistics, and operations, come out as BMXNet's wiki rounds them."""
    grouped = IMAGENET.model_copy(update={"stem": "grouped_stem"})
    found = {}
    for name, network in (("imagenet", IMAGENET), ("grouped", grouped)):
        rows = rows_of(CostsParams(networks=(Costed(name=name, network=network),)))
        found[name] = next(row for row in rows if (row["form"], row["bits"]) == ("packed", 1))

    assert round(found["imagenet"]["learned_megabytes"] * 1e6 / 2**20, 2) == 4.0
    assert round(found["grouped"]["learned_megabytes"] * 1e6 / 2**20, 2) == 3.98
    assert f"{found['imagenet']['operations']:.2e}" == "1.63e+08"
    assert f"{found['grouped']['operations']:.2e}" == "1.14e+08"


def test_odd_widths_are_packed_without_gaps():
    """Weights of three bits take three eighths of a byte each."""
    counts = count(describe(CIFAR100))

    assert packed_bytes(counts, 3) - packed_bytes(counts, 0) == 3 * counts.quantised // 8


def test_a_file_has_the_counted_size(tmp_path):
    """A file of MXNet's with the values of an ensemble has exactly the counted bytes."""
    arrays = ensemble_arrays(describe(Network(width=0.125, image_size=8)), (8, 1))
    path = tmp_path / "ensemble.params"
    params_file.write(path, {name: np.zeros(shape, np.float32) for name, shape in arrays.items()})

    assert path.stat().st_size == file_bytes(arrays)


def test_the_step_writes_rows(tmp_path):
    """The step writes one row for each form of each network, in their order."""
    outputs = Outputs({"rows": "rows"}, tmp_path, {"rows": "rows.csv"})
    run = Run("ensemble_kd", "costs", 0, Checkpoint(None), Progress("costs", StringIO()))

    count_costs(Inputs({}), PARAMS, outputs, run)

    outputs.check_complete()
    written = rows.read(tmp_path / "rows" / "rows.csv")
    assert [row["form"] for row in written] == [
        "float",
        *["packed"] * 4,
        "separate",
        "shared",
        "store",
        "published_save",
        "saved_once",
    ]


def test_two_networks_of_one_name_are_refused():
    """A table cannot tell two networks of one name apart."""
    twice = (Costed(name="one", network=CIFAR100), Costed(name="one", network=IMAGENET))

    with pytest.raises(ValidationError, match="two networks are named 'one'"):
        CostsParams(networks=twice)
